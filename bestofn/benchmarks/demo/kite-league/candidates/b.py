import heapq
import sys


def main() -> None:
    lines = sys.stdin.read().split("\n")
    n = int(lines[0])
    score: dict[str, int] = {}
    joined: dict[str, int] = {}
    heap: list[tuple[int, int, str]] = []
    leader = None
    changes = 0
    for line in lines[1:n + 1]:
        name, delta = line.split()
        if name not in joined:
            joined[name] = len(joined)
            score[name] = 0
        score[name] += int(delta)
        heapq.heappush(heap, (-score[name], joined[name], name))
        while -heap[0][0] != score[heap[0][2]]:
            heapq.heappop(heap)
        if leader is not None and heap[0][2] != leader:
            changes += 1
        leader = heap[0][2]
    print(changes)
    print(leader, score[leader])


main()
