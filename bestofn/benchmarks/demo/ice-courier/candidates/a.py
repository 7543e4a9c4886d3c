import sys
from collections import deque


def solve():
    lines = sys.stdin.read().splitlines()
    r, c = map(int, lines[0].split())
    g = [line.strip() for line in lines[1:r + 1]]
    flat = "".join(g)
    start, target = flat.index("S"), flat.index("T")
    inf = 10 ** 9
    cost = [inf] * (r * c)
    cost[start] = 0
    waiting = deque([start])
    queued = [False] * (r * c)
    while waiting:
        u = waiting.popleft()
        queued[u] = False
        x, y = divmod(u, c)
        ch = flat[u]
        nxt = []
        if x > 0 and ch not in "v<>":
            nxt.append(u - c)
        if x < r - 1 and ch not in "^<>":
            nxt.append(u + c)
        if y > 0 and ch not in "^v>":
            nxt.append(u - 1)
        if y < c - 1 and ch not in "^v<":
            nxt.append(u + 1)
        for v in nxt:
            if flat[v] == "#":
                continue
            w = cost[u] + (3 if flat[v] == "~" else 1)
            if w < cost[v]:
                cost[v] = w
                if not queued[v]:
                    queued[v] = True
                    waiting.append(v)
    print(cost[target] if cost[target] < inf else "unreachable")


solve()
