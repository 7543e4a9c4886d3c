from typing import List


class Solution:
    def countEchoes(self, codes: List[int], gap: int) -> int:
        last_kept = {}
        echoes = 0
        for i, code in enumerate(codes):
            if code in last_kept and i - last_kept[code] <= gap:
                echoes += 1
            else:
                last_kept[code] = i
        return echoes
