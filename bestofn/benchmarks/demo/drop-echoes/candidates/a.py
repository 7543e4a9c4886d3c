from typing import List

class Solution:
    # Remember where each code was kept most recently.
    def countEchoes(self, codes: List[int], gap: int) -> int:
        last_kept = {}
        echoes = 0

        for i, code in enumerate(codes):
            if (code in last_kept) and (i - last_kept[code] <= gap):
                echoes += 1  # too close to a kept one
            else:
                last_kept[code] = i

        return echoes
