def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    points = []
    for start, end in shifts:
        points.append((start, 1))
        points.append((end, -1))
    points.sort()

    count = 0
    start_time = None
    best = []
    for time, delta in points:
        count += delta
        if count >= k and start_time is None:
            start_time = time
        elif count < k and start_time is not None:
            if time > start_time and (not best or time - start_time > best[1] - best[0]):
                best = [start_time, time]
            start_time = None
    return best
