import sys
from math import gcd


def main():
    data = list(map(int, sys.stdin.read().split()))
    n = data[0]
    pts = [(data[1 + 2 * i], data[2 + 2 * i]) for i in range(n)]
    area2 = 0
    border = 0
    for i in range(n):
        x1, y1 = pts[i]
        x2, y2 = pts[(i + 1) % n]
        area2 += x1 * y2 - x2 * y1
        border += gcd(x2 - x1, y2 - y1)
    # Pick: A = I + B / 2 - 1
    inside = (area2 - border + 2) // 2
    print(inside, border)


main()
