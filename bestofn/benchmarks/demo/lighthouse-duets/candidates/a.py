from collections import defaultdict

n, k = map(int, input().split())
a = list(map(int, input().split()))

cnt = defaultdict(int)
res = 0
for pos in range(n):
    r = (a[pos] + pos) % k
    # complement to the next multiple of k
    res += cnt[k - r]
    cnt[(a[pos] - pos) % k] += 1
print(res)
