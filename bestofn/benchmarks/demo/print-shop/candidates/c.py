import heapq

n, k, r = map(int, input().split())
jobs = [tuple(map(int, input().split())) for _ in range(n)]

time = 0
i = 0
done = 0
wait = 0
last = -1
heap = []
while done < n:
    while i < n and jobs[i][0] <= time:
        heapq.heappush(heap, (jobs[i][1], jobs[i][0], i + 1))
        i += 1
    if not heap:
        time = max(time, jobs[i][0])
        continue
    length, arrived, last = heapq.heappop(heap)
    wait += time - arrived
    time += length
    done += 1
    if done % k == 0:
        time += r
print(wait, last)
