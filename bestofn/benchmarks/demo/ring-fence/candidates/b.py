class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        # neighbours in a ring must differ
        mod = 10 ** 9 + 7
        if posts == 1:
            return colours % mod
        sign = 1 if posts % 2 == 0 else -1
        return (pow(colours - 1, posts, mod) + sign * (colours - 1)) % mod
