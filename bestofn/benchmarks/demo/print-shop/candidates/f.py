def main():
    n, k, r = map(int, input().split())
    jobs = []
    for i in range(n):
        t, d = map(int, input().split())
        jobs.append((t, d, i + 1))
    # first come, first served; shorter ones first among equals
    jobs.sort(key=lambda j: (j[0], j[1], j[2]))
    now = 0
    total = 0
    for count, (t, d, i) in enumerate(jobs, 1):
        now = max(now, t)
        total += now - t
        now += d
        if count % k == 0:
            now += r
    print(total, jobs[-1][2])


main()
