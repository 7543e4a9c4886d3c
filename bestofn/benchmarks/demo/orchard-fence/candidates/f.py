from math import gcd

n = int(input())
p = [tuple(map(int, input().split())) for _ in range(n)]

twice = 0
on_fence = 0
for (x1, y1), (x2, y2) in zip(p, p[1:]):
    twice += x1 * y2 - x2 * y1
    on_fence += gcd(abs(x1 - x2), abs(y1 - y2))
twice = abs(twice)
print((twice - on_fence + 2) // 2, on_fence)
