n, g = map(int, input().split())
stalls = sorted(tuple(map(int, input().split())) for _ in range(n))

# best[i] = (profit, count) when only stalls i.. (by opening time) may be used
best = [(0, 0)] * (n + 1)
for i in range(n - 1, -1, -1):
    start, end, profit = stalls[i]
    nxt = i + 1
    while nxt < n and stalls[nxt][0] < end + g:
        nxt += 1
    with_i = (best[nxt][0] + profit, best[nxt][1] + 1)
    without = best[i + 1]
    if with_i[0] > without[0]:
        best[i] = with_i
    elif with_i[0] == without[0] and with_i[1] < without[1]:
        best[i] = with_i
    else:
        best[i] = without

print(*best[0])
