def good(x, m):
    s = str(x)
    if any(s[i] == s[i + 1] for i in range(len(s) - 1)):
        return False
    return sum(int(c) for c in s) % m == 0


q = int(input())
for _ in range(q):
    a, b, m = map(int, input().split())
    count = 0
    x = a
    while x <= b:
        if good(x, m):
            count += 1
        x += 1
    print(count)
