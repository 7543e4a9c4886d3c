class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        MOD = 10**9 + 7
        if posts == 1:
            return colours % MOD
        same = colours                      # the last two posts are equal
        diff = colours * (colours - 1)      # the last two posts differ
        for _ in range(3, posts + 1):
            same, diff = diff, (same + diff) * (colours - 1) % MOD
        return (same + diff) % MOD
