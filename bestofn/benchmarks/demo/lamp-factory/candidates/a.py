import math
from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int], limits: List[int], lamps: int) -> int:
        if lamps <= 0:
            return 0
        if sum(limits) < lamps:
            return -1
        low = 0
        high = 2 * 10 ** 18
        while low < high:
            mid = (low + high) >> 1
            done = 0
            for w, p, c in zip(warmups, periods, limits):
                done += max(0, min(c, math.floor((mid - w) / p)))
            if done < lamps:
                low = mid + 1
            else:
                high = mid
        return low
