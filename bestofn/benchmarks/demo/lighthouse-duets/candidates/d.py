import sys
from collections import Counter

input = sys.stdin.readline
n, k = map(int, input().split())
a = list(map(int, input().split()))

# The number of lighthouses between i and j is j - i - 1.
seen = Counter()
ans = 0
for j, x in enumerate(a):
    ans += seen[(-(x + j - 1)) % k]
    seen[(x - j) % k] += 1
print(ans)
