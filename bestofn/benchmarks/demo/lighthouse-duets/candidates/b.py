import sys


def main():
    data = sys.stdin.read().split()
    n, k = int(data[0]), int(data[1])
    phases = list(map(int, data[2:2 + n]))

    # a_i + a_j + (j - i) = (a_i - i) + (a_j + j)
    seen = {}
    total = 0
    for j, phase in enumerate(phases):
        need = -(phase + j) % k
        total += seen.get(need, 0)
        key = (phase - j) % k
        seen[key] = seen.get(key, 0) + 1
    print(total)


main()
