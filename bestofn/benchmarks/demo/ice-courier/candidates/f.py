import heapq

r, c = map(int, input().split())
g = [list(input().strip()) for _ in range(r)]
d = {'^': [(-1, 0)], 'v': [(1, 0)], '<': [(0, -1)], '>': [(0, 1)]}
four = [(0, 1), (1, 0), (0, -1), (-1, 0)]
INF = float('inf')
dist = [[INF] * c for _ in range(r)]
pq = []
ti = tj = 0
for i in range(r):
    for j in range(c):
        if g[i][j] == 'S':
            dist[i][j] = 0
            pq.append((0, i, j))
        if g[i][j] == 'T':
            ti, tj = i, j
while pq:
    w, i, j = heapq.heappop(pq)
    if w > dist[i][j]:
        continue
    for di, dj in d.get(g[i][j], four):
        x, y = i + di, j + dj
        if 0 <= x < r and 0 <= y < c and g[x][y] != '#':
            nw = w + (3 if g[x][y] == '~' else 1)
            if nw < dist[x][y]:
                dist[x][y] = nw
                heapq.heappush(pq, (nw, x, y))
print(dist[ti][tj] if dist[ti][tj] != INF else -1)
