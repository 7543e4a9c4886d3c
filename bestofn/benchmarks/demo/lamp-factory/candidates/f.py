import heapq
from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int], limits: List[int], lamps: int) -> int:
        if lamps == 0:
            return 0
        heap = []
        for w, p, c in zip(warmups, periods, limits):
            if c > 0:
                heap.append((w + p, p, c))
        heapq.heapify(heap)
        while heap:
            minute, p, c = heapq.heappop(heap)
            lamps -= 1
            if lamps == 0:
                return minute
            if c > 1:
                heapq.heappush(heap, (minute + p, p, c - 1))
        return -1
