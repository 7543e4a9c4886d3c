from collections import defaultdict

R, C = map(int, input().split())
field = [input().strip() for _ in range(R)]
DIRS = {"^": [(-1, 0)], "v": [(1, 0)], "<": [(0, -1)], ">": [(0, 1)]}
ALL = [(-1, 0), (1, 0), (0, -1), (0, 1)]

buckets = defaultdict(list)     # minute -> cells that may be entered then
for i in range(R):
    if "S" in field[i]:
        buckets[0].append((i, field[i].index("S")))

done = [[False] * C for _ in range(R)]
minute = 0
answer = None
pending = 1
while pending and answer is None:
    for i, j in buckets.pop(minute, []):
        pending -= 1
        if done[i][j]:
            continue
        done[i][j] = True
        if field[i][j] == "T":
            answer = minute
            break
        for di, dj in DIRS.get(field[i][j], ALL):
            x, y = i + di, j + dj
            if x < 0 or y < 0 or x >= R or y >= C:
                continue
            if field[x][y] == "#" or done[x][y]:
                continue
            buckets[minute + (3 if field[x][y] == "~" else 1)].append((x, y))
            pending += 1
    minute += 1

print("unreachable" if answer is None else answer)
