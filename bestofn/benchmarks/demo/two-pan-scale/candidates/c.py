from collections import deque


def min_weights(weights: list[int], load: int) -> int:
    """Breadth first search over the difference between the pans."""
    bound = load + sum(weights)
    seen = {0}
    queue = deque([(0, 0)])
    while queue:
        diff, used = queue.popleft()
        if diff == load:
            return used
        for w in weights:
            for nxt in (diff + w, diff - w):
                if abs(nxt) <= bound and nxt not in seen and used < len(weights):
                    seen.add(nxt)
                    queue.append((nxt, used + 1))
    return -1
