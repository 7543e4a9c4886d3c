import sys


def main():
    it = iter(sys.stdin.read().split())
    n = int(next(it))
    g = int(next(it))
    stalls = [(int(next(it)), int(next(it)), int(next(it))) for _ in range(n)]

    # Take the most profitable stall that still fits.
    stalls.sort(key=lambda x: (-x[2], x[1] - x[0]))
    chosen = []
    total = 0
    for s, e, p in stalls:
        if p == 0:
            break
        if all(s >= b + g or a >= e + g for a, b in chosen):
            chosen.append((s, e))
            total += p
    print(total, len(chosen))


main()
