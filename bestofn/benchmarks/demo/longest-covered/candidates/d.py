def longest_covered(shifts: list[list[int]], k: int) -> list[int]:
    """Check every elementary interval between two neighbouring time points."""
    marks = sorted(set(t for s in shifts for t in s))
    stretches = []
    for i in range(len(marks) - 1):
        a, b = marks[i], marks[i + 1]
        covered = len([1 for s in shifts if s[0] <= a and b <= s[1]]) >= k
        if not covered:
            continue
        if stretches and stretches[-1][1] == a:
            stretches[-1][1] = b
        else:
            stretches.append([a, b])
    if len(stretches) == 0:
        return []
    return max(stretches, key=lambda st: st[1] - st[0])
