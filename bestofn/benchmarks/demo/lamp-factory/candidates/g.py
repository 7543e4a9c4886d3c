from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int], limits: List[int], lamps: int) -> int:
        if sum(limits) < lamps:
            return -1
        lo, hi = 0, max(periods) * lamps
        while lo < hi:
            mid = (lo + hi) // 2
            total = 0
            for i in range(len(periods)):
                if mid > warmups[i]:
                    total += min(limits[i], (mid - warmups[i]) // periods[i])
            if total >= lamps:
                hi = mid
            else:
                lo = mid + 1
        return lo
