from collections import Counter


def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    delta = Counter()
    for s, e in shifts:
        delta[s] += 1
        delta[e] -= 1
    best = None
    current = 0
    begin = None
    for t in sorted(delta):
        before = current
        current += delta[t]
        if before < k <= current:
            begin = t
        elif current < k <= before:
            if best is None or t - begin > best[1] - best[0]:
                best = [begin, t]
    return best
