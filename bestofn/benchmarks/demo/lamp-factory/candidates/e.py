from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int],
                       limits: List[int], lamps: int) -> int:
        if lamps == 0:
            return 0
        if sum(limits) < lamps:
            return -1

        def finished(minute: int) -> int:
            total = 0
            for w, p, c in zip(warmups, periods, limits):
                if minute > w:
                    total += min(c, (minute - w) // p)
            return total

        low, high = 0, max(w + p * c for w, p, c in zip(warmups, periods, limits))
        while low < high:
            mid = (low + high) // 2
            if finished(mid) >= lamps:
                high = mid
            else:
                low = mid + 1
        return low
