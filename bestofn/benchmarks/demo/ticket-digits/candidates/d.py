from functools import lru_cache


def count(n, m):
    digits = [int(c) for c in str(n)]

    @lru_cache(None)
    def dp(i, prev, s, tight):
        if i == len(digits):
            return 1 if s == 0 else 0
        limit = digits[i] if tight else 9
        return sum(
            dp(i + 1, d, (s + d) % m, tight and d == limit)
            for d in range(limit + 1)
            if d != prev
        )

    return dp(0, -1, 0, True)


for _ in range(int(input())):
    a, b, m = map(int, input().split())
    print(count(b, m) - count(a - 1, m))
