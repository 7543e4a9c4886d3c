from bisect import bisect_left
from typing import List


class Solution:
    def earliestMinute(self, warmups: List[int], periods: List[int], limits: List[int], lamps: int) -> int:
        machines = list(zip(warmups, periods, limits))

        def made(t: int) -> int:
            return sum(max(0, min(c, (t - w) // p)) for w, p, c in machines)

        end = 2 * 10 ** 18
        answer = bisect_left(range(end), lamps, key=made)
        return -1 if answer == end else answer
