from collections import deque

rows, cols = map(int, input().split())
grid = [input().strip() for _ in range(rows)]
step = {"^": (-1, 0), "v": (1, 0), "<": (0, -1), ">": (0, 1)}

for i in range(rows):
    for j in range(cols):
        if grid[i][j] == "S":
            si, sj = i, j

queue = deque([(si, sj, 0)])
visited = {(si, sj)}
answer = "unreachable"
while queue:
    i, j, d = queue.popleft()
    if grid[i][j] == "T":
        answer = d
        break
    options = [step[grid[i][j]]] if grid[i][j] in step else step.values()
    for di, dj in options:
        a, b = i + di, j + dj
        if 0 <= a < rows and 0 <= b < cols and grid[a][b] != "#" and (a, b) not in visited:
            visited.add((a, b))
            queue.append((a, b, d + (3 if grid[a][b] == "~" else 1)))
print(answer)
