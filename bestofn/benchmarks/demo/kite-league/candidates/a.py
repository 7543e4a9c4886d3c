import heapq

n = int(input())
score = {}
heap = []
leader = ""
changes = 0
for _ in range(n):
    name, delta = input().split()
    score[name] = score.get(name, 0) + int(delta)
    heapq.heappush(heap, (-score[name], name))
    while -heap[0][0] != score[heap[0][1]]:
        heapq.heappop(heap)
    if leader and leader != heap[0][1]:
        changes += 1
    leader = heap[0][1]
print(changes)
print(leader, score[leader])
