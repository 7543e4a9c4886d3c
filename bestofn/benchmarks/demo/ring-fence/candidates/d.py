class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        MOD = 10 ** 9 + 7
        if posts <= 2:
            return pow(colours, posts, MOD)
        # fix the colour of the first post; dp[is_first_colour][run - 1]
        dp = [[0, 0], [1, 0]]
        for _ in range(posts - 1):
            other, first = dp
            dp = [
                [(sum(first) * (colours - 1) + sum(other) * (colours - 2)) % MOD, other[0]],
                [sum(other) % MOD, first[0]],
            ]
        # the run at the end must not be two posts of the first colour,
        # because the first post would make it three
        total = sum(dp[0]) + dp[1][0]
        return total * colours % MOD
