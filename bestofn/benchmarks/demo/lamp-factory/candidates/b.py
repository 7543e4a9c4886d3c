from typing import List


class Solution:
    def enough(self, t, machines, lamps):
        made = 0
        for w, p, c in machines:
            if t < w + p:
                continue
            made += min(c, (t - w) // p)
            if made >= lamps:
                return True
        return made >= lamps

    def earliestMinute(self, warmups: List[int], periods: List[int],
                       limits: List[int], lamps: int) -> int:
        machines = list(zip(warmups, periods, limits))
        if sum(limits) < lamps:
            return -1
        if lamps == 0:
            return 0
        # double the horizon until it is long enough, then close in
        step = 1
        while not self.enough(step, machines, lamps):
            step *= 2
        too_early = 0
        while step:
            if not self.enough(too_early + step, machines, lamps):
                too_early += step
            step //= 2
        return too_early + 1
