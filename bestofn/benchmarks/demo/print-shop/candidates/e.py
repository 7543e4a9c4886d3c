import heapq

n, k, r = map(int, input().split())
order = []
for idx in range(1, n + 1):
    arrive, length = map(int, input().split())
    order.append((arrive, idx, length))
order.sort()

now, pos, printed, waited, last = 0, 0, 0, 0, 0
ready = []
while pos < n or ready:
    if not ready:
        now = max(now, order[pos][0])
    while pos < n and order[pos][0] <= now:
        arrive, idx, length = order[pos]
        heapq.heappush(ready, (length, idx, arrive))
        pos += 1
    length, last, arrive = heapq.heappop(ready)
    waited += now - arrive
    now += length
    printed += 1
    if printed % k == 0:
        now += r
print(waited, last)
