import sys

data = sys.stdin.read().split()
n = int(data[0])
teams = {}
changes = 0
previous = None
for e in range(n):
    name = data[1 + 2 * e]
    delta = int(data[2 + 2 * e])
    if name not in teams:
        teams[name] = [0, len(teams)]
    teams[name][0] += delta
    standing = sorted(teams.items(), key=lambda kv: (-kv[1][0], kv[1][1]))
    if previous is not None and standing[0][0] != previous:
        changes += 1
    previous = standing[0][0]
print(changes)
print(previous, teams[previous][0])
