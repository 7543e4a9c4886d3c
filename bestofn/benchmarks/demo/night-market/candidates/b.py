import sys
from bisect import bisect_right


def main():
    data = list(map(int, sys.stdin.read().split()))
    n, g = data[0], data[1]
    stalls = []
    for i in range(n):
        s, e, p = data[2 + 3 * i:5 + 3 * i]
        stalls.append((e, s, p))
    stalls.sort()
    ends = [e for e, _, _ in stalls]

    # dp[i]: best (profit, -stalls) among the first i stalls by closing time
    dp = [(0, 0)] * (n + 1)
    for i in range(n):
        e, s, p = stalls[i]
        j = bisect_right(ends, s - g, 0, i)
        take = (dp[j][0] + p, dp[j][1] - 1)
        dp[i + 1] = max(dp[i], take)
    print(dp[n][0], -dp[n][1])


main()
