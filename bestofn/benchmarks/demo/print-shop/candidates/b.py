import heapq
import sys


def main():
    data = list(map(int, sys.stdin.read().split()))
    n, k, rest = data[:3]
    jobs = sorted((data[3 + 2 * i], data[4 + 2 * i], i + 1) for i in range(n))

    now = 0
    waiting = []
    nxt = 0
    total = 0
    last = 0
    for done in range(1, n + 1):
        if not waiting and nxt < n and jobs[nxt][0] > now:
            now = jobs[nxt][0]
        while nxt < n and jobs[nxt][0] <= now:
            t, d, idx = jobs[nxt]
            heapq.heappush(waiting, (d, t, idx))
            nxt += 1
        d, t, idx = heapq.heappop(waiting)
        total += now - t
        now += d
        last = idx
        if done % k == 0:
            now += rest
    print(total, last)


main()
