import math
import sys

tokens = sys.stdin.read().split()
n = int(tokens[0])
points = [(float(tokens[2 * i + 1]), float(tokens[2 * i + 2])) for i in range(n)]

area = 0.0
boundary = 0
for i in range(n):
    x1, y1 = points[i]
    x2, y2 = points[(i + 1) % n]
    area += x1 * y2 - x2 * y1
    boundary += math.gcd(int(x2 - x1), int(y2 - y1))
area = abs(area) / 2
interior = int(area - boundary / 2 + 1)
print(interior, boundary)
