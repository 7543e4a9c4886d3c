n = int(input())
scores = {}
joined = {}
leader = None
changes = 0

for i in range(n):
    name, delta = input().split()
    delta = int(delta)
    if name not in scores:
        scores[name] = 0
        joined[name] = i
    scores[name] += delta

    # Only the team that just flew can overtake the leader.
    if leader is None:
        leader = name
    elif name != leader:
        ahead = scores[name] > scores[leader]
        tie = scores[name] == scores[leader] and joined[name] < joined[leader]
        if ahead or tie:
            leader = name
            changes += 1

print(changes)
print(leader, scores[leader])
