n, k = map(int, input().split())
a = list(map(int, input().split()))

# For every lighthouse on the right count the matching ones that are still
# to the left of it. Walk from east to west and remember the right-hand sides.
right = [0] * k
answer = 0
for i in range(n - 1, -1, -1):
    left_part = (a[i] - i) % k
    answer += right[(k - left_part) % k]
    right[(a[i] + i) % k] += 1

print(answer)
