def build(m):
    # ways[L][first][rem]: strings of L digits that begin with `first`,
    # have no equal neighbours and digit sum = rem (mod m)
    ways = [None, [[0] * m for _ in range(10)]]
    for d in range(10):
        ways[1][d][d % m] += 1
    for length in range(2, 17):
        total = [sum(ways[length - 1][d][r] for d in range(10)) for r in range(m)]
        layer = []
        for d in range(10):
            row = [0] * m
            for r in range(m):
                row[(r + d) % m] += total[r] - ways[length - 1][d][r]
            layer.append(row)
        ways.append(layer)
    return ways


def below(n, m, ways):
    """Count good numbers x with 1 <= x < n."""
    s = str(n)
    length = len(s)
    res = 0
    for l in range(1, length):
        for d in range(1, 10):
            res += ways[l][d][0]
    prefix = 0
    last = -1
    for i, ch in enumerate(s):
        cur = int(ch)
        for d in range(1 if i == 0 else 0, cur):
            if d != last:
                res += ways[length - i][d][-prefix % m]
        if cur == last:
            break
        prefix += cur
        last = cur
    return res


for _ in range(int(input())):
    a, b, m = map(int, input().split())
    table = build(m)
    print(below(b + 1, m, table) - below(a, m, table))
