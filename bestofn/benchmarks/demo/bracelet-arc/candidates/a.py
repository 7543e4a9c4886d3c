from collections import Counter

n, k = map(int, input().split())
s = input().strip()
t = s + s

cnt = Counter()
l = 0
best = 0
pos = 0
for r, c in enumerate(t):
    cnt[c] += 1
    while cnt[c] > k:
        cnt[t[l]] -= 1
        l += 1
    if r - l + 1 > best:
        best = r - l + 1
        pos = l
print(best, pos + 1)
