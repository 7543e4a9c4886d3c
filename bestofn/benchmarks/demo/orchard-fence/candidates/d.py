def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


n = int(input())
xs, ys = [], []
for _ in range(n):
    x, y = map(int, input().split())
    xs.append(x)
    ys.append(y)

area = 0
boundary = 0
for i in range(n):
    j = i - 1
    area += xs[j] * ys[i] - xs[i] * ys[j]
    boundary += gcd(xs[i] - xs[j], ys[i] - ys[j])
area = abs(area)
print((area - boundary) // 2 + 1, boundary)
