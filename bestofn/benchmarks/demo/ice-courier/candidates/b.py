import heapq


def shortest(grid, rows, cols):
    moves = [(-1, 0, "^"), (1, 0, "v"), (0, -1, "<"), (0, 1, ">")]
    for i, row in enumerate(grid):
        if "S" in row:
            start = (i, row.index("S"))
    heap = [(0, *start)]
    seen = set()
    while heap:
        d, i, j = heapq.heappop(heap)
        if (i, j) in seen:
            continue
        seen.add((i, j))
        if grid[i][j] == "T":
            return d
        for di, dj, arrow in moves:
            x, y = i + di, j + dj
            if not (0 <= x < rows and 0 <= y < cols):
                continue
            cell = grid[x][y]
            if cell == "#":
                continue
            # an arrow tile only lets you pass along its direction
            if cell in "^v<>" and cell != arrow:
                continue
            if grid[i][j] in "^v<>" and grid[i][j] != arrow:
                continue
            heapq.heappush(heap, (d + (3 if cell == "~" else 1), x, y))
    return "unreachable"


rows, cols = map(int, input().split())
print(shortest([input().strip() for _ in range(rows)], rows, cols))
