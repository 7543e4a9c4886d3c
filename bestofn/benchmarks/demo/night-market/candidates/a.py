import bisect

n, g = map(int, input().split())
a = []
for _ in range(n):
    s, e, p = map(int, input().split())
    a.append((e, s, p))
a.sort()
ends = [x[0] for x in a]
profit = [0] * (n + 1)
used = [0] * (n + 1)
for i, (e, s, p) in enumerate(a):
    j = bisect.bisect_left(ends, s - g, 0, i)
    new_profit = profit[j] + p
    new_used = used[j] + 1
    if (new_profit, -new_used) > (profit[i], -used[i]):
        profit[i + 1], used[i + 1] = new_profit, new_used
    else:
        profit[i + 1], used[i + 1] = profit[i], used[i]
print(profit[n], used[n])
