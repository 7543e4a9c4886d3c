import heapq
import sys

input = sys.stdin.readline


def solve():
    n, k, r = map(int, input().split())
    jobs = []
    for i in range(n):
        t, d = map(int, input().split())
        jobs.append((t, d, i + 1))
    jobs.sort()

    clock = 0
    pause = 0           # rest that is still owed
    heap = []
    p = 0
    wait = 0
    for finished in range(1, n + 1):
        if not heap and jobs[p][0] > clock:
            clock = jobs[p][0]
        clock += pause
        pause = 0
        while p < n and jobs[p][0] <= clock:
            heapq.heappush(heap, (jobs[p][1], jobs[p][0], jobs[p][2]))
            p += 1
        d, t, idx = heapq.heappop(heap)
        wait += clock - t
        clock += d
        if finished % k == 0:
            pause = r
    print(wait, idx)


solve()
