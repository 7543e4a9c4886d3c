from bisect import bisect_left

BIG = 10 ** 6  # more than the number of stalls


def solve(stalls, gap):
    stalls.sort(key=lambda stall: stall[0])
    starts = [stall[0] for stall in stalls]
    value = [0] * (len(stalls) + 1)
    for i in reversed(range(len(stalls))):
        _, end, profit = stalls[i]
        follow = bisect_left(starts, end + gap)
        # one number carries both goals: profit first, then few stalls
        value[i] = max(value[i + 1], profit * BIG - 1 + value[follow])
    total = -(-value[0] // BIG)
    return total, total * BIG - value[0]


n, gap = map(int, input().split())
stalls = [list(map(int, input().split())) for _ in range(n)]
print(*solve(stalls, gap))
