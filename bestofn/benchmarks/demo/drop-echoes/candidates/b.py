from collections import deque
from typing import List


class Solution:
    def countEchoes(self, codes: List[int], gap: int) -> int:
        window = deque()      # kept entries that can still cause an echo
        inside = set()
        kept = 0
        for pos in range(len(codes)):
            while window and window[0] < pos - gap:
                inside.discard(codes[window.popleft()])
            if codes[pos] not in inside:
                inside.add(codes[pos])
                window.append(pos)
                kept += 1
        return len(codes) - kept
