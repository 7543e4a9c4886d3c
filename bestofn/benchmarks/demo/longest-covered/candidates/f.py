def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    events = sorted([(s, 0) for s, _ in shifts] + [(e, 1) for _, e in shifts])
    n_working = 0
    begin = -1
    best_len = -1
    result = []
    for t, kind in events:
        if kind == 0:
            n_working += 1
            if n_working == k:
                begin = t
        else:
            n_working -= 1
            if n_working == k - 1 and t - begin > best_len:
                best_len = t - begin
                result = [begin, t]
    return result
