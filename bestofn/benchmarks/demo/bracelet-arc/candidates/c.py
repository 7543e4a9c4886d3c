n, k = map(int, input().split())
beads = input().strip()

freq = [0] * 26
left = 0
best_len = 0
best_pos = 1
for right in range(n):
    idx = ord(beads[right]) - ord('a')
    freq[idx] += 1
    while freq[idx] > k:
        freq[ord(beads[left]) - ord('a')] -= 1
        left += 1
    if right - left + 1 > best_len:
        best_len = right - left + 1
        best_pos = left + 1

print(best_len, best_pos)
