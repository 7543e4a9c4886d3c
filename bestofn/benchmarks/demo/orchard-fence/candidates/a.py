n = int(input())
corners = [list(map(int, input().split())) for _ in range(n)]

# shoelace formula
s = 0
for i in range(n):
    a, b = corners[i], corners[(i + 1) % n]
    s += a[0] * b[1] - a[1] * b[0]
s = abs(s)

# every corner is a tree on the fence
b = n
i = (s - b + 2) // 2
print(i, b)
