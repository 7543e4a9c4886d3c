def main():
    n, k = map(int, input().split())
    s = input().strip()
    count = {}
    best = 0
    best_start = 0
    left = 0
    for right in range(2 * n):
        ch = s[right % n]
        count[ch] = count.get(ch, 0) + 1
        while count[ch] > k or right - left + 1 > n:
            count[s[left % n]] -= 1
            left += 1
        if right - left + 1 >= best and left < n:
            best = right - left + 1
            best_start = left
    print(best, best_start + 1)


main()
