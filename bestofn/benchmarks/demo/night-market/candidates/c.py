from bisect import bisect_right

n, g = map(int, input().split())
stalls = [tuple(map(int, input().split())) for _ in range(n)]
stalls.sort(key=lambda t: t[1])
ends = [t[1] for t in stalls]

dp = [0] * (n + 1)
num = [0] * (n + 1)
for i in range(1, n + 1):
    s, e, p = stalls[i - 1]
    j = bisect_right(ends, s - g, 0, i - 1)
    if dp[j] + p >= dp[i - 1]:
        dp[i] = dp[j] + p
        num[i] = num[j] + 1
    else:
        dp[i] = dp[i - 1]
        num[i] = num[i - 1]
print(dp[n], num[n])
