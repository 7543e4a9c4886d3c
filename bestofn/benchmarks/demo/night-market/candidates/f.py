import sys

rows = [list(map(int, line.split())) for line in sys.stdin if line.strip()]
n, gap = rows[0]
stalls = sorted(rows[1:n + 1], key=lambda r: r[1])

# best[i]: best result whose last stall is i
best = []
for i in range(n):
    start, end, profit = stalls[i]
    previous = (0, 0)
    for j in range(i):
        if stalls[j][1] + gap <= start:
            previous = max(previous, best[j])
    best.append((previous[0] + profit, previous[1] - 1))

profit, count = max(best)
print(profit, -count)
