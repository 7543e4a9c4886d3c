import sys
from functools import lru_cache


def count_up_to(limit: int, m: int) -> int:
    """How many x in 0..limit qualify."""
    digits = list(map(int, str(limit)))

    @lru_cache(maxsize=None)
    def go(pos: int, prev: int, rem: int, tight: bool) -> int:
        if pos == len(digits):
            return 1 if rem == 0 else 0
        top = digits[pos] if tight else 9
        total = 0
        for d in range(top + 1):
            if prev == -1 and d == 0:
                # still in front of the number
                total += go(pos + 1, -1, 0, tight and d == top)
            elif d != prev:
                total += go(pos + 1, d, (rem + d) % m, tight and d == top)
        return total

    return go(0, -1, 0, True)


def main() -> None:
    q, *rest = map(int, sys.stdin.read().split())
    for i in range(q):
        a, b, m = rest[3 * i:3 * i + 3]
        print(count_up_to(b, m) - count_up_to(a - 1, m))


main()
