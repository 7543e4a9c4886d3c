class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        p = 10**9 + 7
        n = posts
        if n < 3:
            return colours**n % p

        # Merge equal neighbours into pairs: n - j blocks form a ring in which
        # neighbouring blocks differ, and j of the blocks are pairs.
        fact = [1] * (n + 1)
        for i in range(1, n + 1):
            fact[i] = fact[i - 1] * i % p

        def binom(a, b):
            return fact[a] * pow(fact[b] * fact[a - b], p - 2, p) % p

        result = 0
        for j in range(n // 2 + 1):
            m = n - j
            choose = n * pow(m, p - 2, p) * binom(m, j) % p
            ring = pow(colours - 1, m, p) + (colours - 1 if m % 2 == 0 else 1 - colours)
            result += choose * ring
        return result % p
