def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    events = []
    for s, e in shifts:
        if s < e:
            events.append((s, 0))   # arrivals sort before departures
            events.append((e, 1))
    events.sort()

    answer: list[int] = []
    longest = 0
    working = 0
    begin = 0
    for time, leaving in events:
        if leaving:
            if working == k:
                if time - begin > longest:
                    longest = time - begin
                    answer = [begin, time]
            working -= 1
        else:
            working += 1
            if working == k:
                begin = time
    return answer
