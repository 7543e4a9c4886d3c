import sys

memo = {}


def tails(left, prev, rem, m):
    """Number of ways to append `left` more digits after the digit prev."""
    if left == 0:
        return 1 if rem % m == 0 else 0
    key = (left, prev, rem)
    if key in memo:
        return memo[key]
    res = 0
    for d in range(10):
        if d != prev:
            res += tails(left - 1, d, (rem + d) % m, m)
    memo[key] = res
    return res


def upto(n, m):
    if n <= 0:
        return 0
    s = str(n)
    res = 0
    for size in range(1, len(s)):
        for d in range(1, 10):
            res += tails(size - 1, d, d % m, m)
    rem, prev = 0, -1
    for i, c in enumerate(s):
        c = int(c)
        for d in range(0 if i else 1, c):
            if d != prev:
                res += tails(len(s) - i - 1, d, (rem + d) % m, m)
        if c == prev:
            return res
        rem, prev = (rem + c) % m, c
    return res + (1 if rem == 0 else 0)


data = sys.stdin.read().split()
for t in range(int(data[0])):
    a, b, m = (int(v) for v in data[1 + 3 * t:4 + 3 * t])
    print(upto(b, m) - upto(a - 1, m))
