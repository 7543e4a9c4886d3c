import heapq
import sys


def main():
    data = sys.stdin.read().split()
    rows, cols = int(data[0]), int(data[1])
    grid = data[2:2 + rows]
    arrows = {"^": (-1, 0), "v": (1, 0), "<": (0, -1), ">": (0, 1)}
    everywhere = list(arrows.values())

    for r in range(rows):
        for c in range(cols):
            if grid[r][c] == "S":
                start = (r, c)
            elif grid[r][c] == "T":
                target = (r, c)

    dist = {start: 0}
    heap = [(0, start)]
    while heap:
        d, (r, c) = heapq.heappop(heap)
        if (r, c) == target:
            print(d)
            return
        if d > dist[(r, c)]:
            continue
        cell = grid[r][c]
        moves = [arrows[cell]] if cell in arrows else everywhere
        for dr, dc in moves:
            nr, nc = r + dr, c + dc
            if 0 <= nr < rows and 0 <= nc < cols and grid[nr][nc] != "#":
                nd = d + (3 if grid[nr][nc] == "~" else 1)
                if nd < dist.get((nr, nc), float("inf")):
                    dist[(nr, nc)] = nd
                    heapq.heappush(heap, (nd, (nr, nc)))
    print("unreachable")


main()
