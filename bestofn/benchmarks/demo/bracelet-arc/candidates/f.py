import sys


def solve():
    n, k = map(int, sys.stdin.readline().split())
    s = sys.stdin.readline().strip()
    best = 0
    where = 0
    for start in range(n):
        seen = dict.fromkeys(s, 0)
        length = 0
        while length < n:
            c = s[(start + length) % n]
            if seen[c] == k:
                break
            seen[c] += 1
            length += 1
        if length > best:
            best = length
            where = start
        if best == n:
            break
    print(best, where + 1)


solve()
