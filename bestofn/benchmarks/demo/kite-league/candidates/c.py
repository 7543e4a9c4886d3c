from bisect import bisect_left, insort

n = int(input())
table = []          # sorted list of (-points, order of joining)
points = {}
order = {}
names = []
changes = 0
current = -1

for _ in range(n):
    team, gain = input().split()
    if team in order:
        entry = (-points[team], order[team])
        table.pop(bisect_left(table, entry))
    else:
        order[team] = len(names)
        names.append(team)
        points[team] = 0
    points[team] += int(gain)
    insort(table, (-points[team], order[team]))

    top = table[0][1]
    if current != -1 and top != current:
        changes += 1
    current = top

print(changes)
print(names[current], points[names[current]])
