from functools import cache


def f(n, m):
    s = str(n)

    @cache
    def dp(i, last, total, limited, started):
        if i == len(s):
            return int(started and total % m == 0)
        hi = int(s[i]) if limited else 9
        ans = 0
        for d in range(hi + 1):
            if started and d == last:
                continue
            ans += dp(i + 1, d, (total + d) % m, limited and d == hi, started or d > 0)
        return ans

    return dp(0, 10, 0, True, False)


for _ in range(int(input())):
    lo, hi, m = map(int, input().split())
    print(f(hi, m) - f(lo, m))
