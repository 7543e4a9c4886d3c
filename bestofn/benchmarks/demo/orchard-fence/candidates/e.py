import sys
from math import gcd


def solve(points):
    n = len(points)
    doubled = 0
    fence = 0
    for k in range(n):
        ax, ay = points[k]
        bx, by = points[k - 1]
        doubled += ax * by - bx * ay
        fence += gcd(ax - bx, ay - by)
    total = (abs(doubled) + fence + 2) // 2      # all trees, fence included
    return fence, total - fence


lines = sys.stdin.read().split("\n")
count = int(lines[0])
print(*solve([tuple(map(int, lines[i + 1].split())) for i in range(count)]))
