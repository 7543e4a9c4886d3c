from typing import List


class Solution:
    def countEchoes(self, codes: List[int], gap: int) -> int:
        i = 0
        removed = 0
        recent = {}
        # drop echoes on the spot
        while i < len(codes):
            c = codes[i]
            if c in recent and i - recent[c] <= gap:
                codes.pop(i)
                removed += 1
            else:
                recent[c] = i
                i += 1
        return removed
