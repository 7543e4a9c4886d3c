import sys
from collections import deque


def longest_arc(beads: str, k: int) -> tuple[int, int]:
    """Return (length, start), start counted from 0."""
    n = len(beads)
    recent: dict[str, deque[int]] = {c: deque() for c in set(beads)}
    low = 0                      # earliest start that is still allowed
    answer = (0, 0)
    for i, c in enumerate(beads + beads):
        q = recent[c]
        q.append(i)
        if len(q) > k:
            low = max(low, q.popleft() + 1)
        low = max(low, i - n + 1)
        if low >= n:
            break
        if i - low + 1 > answer[0]:
            answer = (i - low + 1, low)
    return answer


tokens = sys.stdin.read().split()
length, start = longest_arc(tokens[2], int(tokens[1]))
print(length, start + 1)
