import heapq
import sys

input = sys.stdin.readline
n = int(input())
score, order, heap = {}, {}, []
leader, changes = None, 0

for _ in range(n):
    team, d = input().split()
    order.setdefault(team, len(order))
    score[team] = score.get(team, 0) + int(d)
    heapq.heappush(heap, (-score[team], order[team], team))
    while score[heap[0][2]] != -heap[0][0]:
        heapq.heappop(heap)
    best = heap[0][2]
    if leader is None:
        leader = best
    elif score[best] > score[leader]:
        # a team takes over only when it is really ahead
        leader = best
        changes += 1

print(changes)
print(leader, score[leader])
