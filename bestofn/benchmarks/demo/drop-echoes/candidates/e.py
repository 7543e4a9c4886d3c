from typing import List


class Solution:
    def countEchoes(self, codes: List[int], gap: int) -> int:
        last = {}
        result = 0
        for i, c in enumerate(codes):
            if c in last and i - last[c] <= gap:
                result += 1
            last[c] = i
        return result
