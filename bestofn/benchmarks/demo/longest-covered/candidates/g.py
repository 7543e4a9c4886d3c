from collections import defaultdict


def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    change = defaultdict(int)
    for start, end in shifts:
        change[start] += 1
        change[end] -= 1

    best = []
    best_length = 0
    present = 0
    opened = None
    for moment in sorted(change):
        present += change[moment]
        if present >= k and opened is None:
            opened = moment
        elif present < k and opened is not None:
            if moment - opened > best_length:
                best_length = moment - opened
                best = [opened, moment]
            opened = None
    return best
