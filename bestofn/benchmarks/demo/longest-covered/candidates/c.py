from itertools import pairwise


def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    times = sorted({t for shift in shifts for t in shift})
    best = []
    run = None
    for left, right in pairwise(times):
        staff = sum(1 for s, e in shifts if s <= left and right <= e)
        if staff < k:
            run = None
            continue
        if run is None:
            run = [left, right]
        else:
            run[1] = right
        if not best or run[1] - run[0] >= best[1] - best[0]:
            best = list(run)
    return best
