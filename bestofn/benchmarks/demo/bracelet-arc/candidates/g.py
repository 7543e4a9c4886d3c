def main():
    n, k = map(int, input().split())
    s = input().strip()

    count = {}
    best, best_start = 0, 0
    left = 0
    for right in range(2 * n):
        ch = s[right % n]
        count[ch] = count.get(ch, 0) + 1
        while count[ch] > k or right - left + 1 > n:
            count[s[left % n]] -= 1
            left += 1
        length = right - left + 1
        if left < n and length > best:
            best, best_start = length, left
    print(best, best_start + 1)


main()
