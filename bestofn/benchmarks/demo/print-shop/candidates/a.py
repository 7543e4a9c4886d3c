import heapq
import sys


def main():
    data = iter(map(int, sys.stdin.read().split()))
    n, k, r = next(data), next(data), next(data)
    jobs = sorted((next(data), next(data), i) for i in range(1, n + 1))
    heap = []
    ptr = 0
    now = 0
    total = 0
    current = None
    for number in range(n):
        # choose the next job as soon as the previous one is out of the tray
        if not heap and jobs[ptr][0] > now:
            now = jobs[ptr][0]
        while ptr < n and jobs[ptr][0] <= now:
            t, d, i = jobs[ptr]
            heapq.heappush(heap, (d, t, i))
            ptr += 1
        d, t, current = heapq.heappop(heap)
        if number and number % k == 0:
            now = max(now, free_from)
        total += now - t
        now += d
        free_from = now + r
    print(total, current)


main()
