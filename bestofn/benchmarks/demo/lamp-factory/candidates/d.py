from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int], limits: List[int], lamps: int) -> int:
        if lamps == 0:
            return 0
        if sum(limits) < lamps:
            return -1
        left, right = 1, 1
        count = lambda t: sum(min(c, (t - w) // p) for w, p, c in zip(warmups, periods, limits))
        while count(right) < lamps:
            right *= 2
        while left < right:
            mid = left + (right - left) // 2
            if count(mid) >= lamps:
                right = mid
            else:
                left = mid + 1
        return left
