from typing import List


class Solution:
    def countEchoes(self, codes: List[int], gap: int) -> int:
        kept = [codes[0]]
        echoes = 0
        last = {codes[0]: 0}
        for i in range(1, len(codes)):
            if i - last.get(codes[i], -10**9) <= gap:
                echoes += 1
            else:
                kept.append(codes[i])
                last[codes[i]] = i
        return echoes
