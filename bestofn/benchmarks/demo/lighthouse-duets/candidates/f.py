def count_duets(phases, k):
    n = len(phases)
    duets = 0
    for i in range(n):
        for j in range(i + 1, n):
            if (phases[i] + phases[j] + (j - i)) % k == 0:
                duets += 1
    return duets


if __name__ == "__main__":
    n, k = map(int, input().split())
    phases = list(map(int, input().split()))
    print(count_duets(phases, k))
