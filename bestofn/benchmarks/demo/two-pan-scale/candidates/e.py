def min_weights(weights: list[int], load: int) -> int:
    total = sum(weights)
    if load > total:
        return -1
    inf = len(weights) + 1
    # index = difference + total
    row = [inf] * (2 * total + 1)
    row[total] = 0
    for w in weights:
        nxt = row[:]
        for i, used in enumerate(row):
            if used == inf:
                continue
            if i + w <= 2 * total:
                nxt[i + w] = min(nxt[i + w], used + 1)
            if i - w >= 0:
                nxt[i - w] = min(nxt[i - w], used + 1)
        row = nxt
    return row[load + total] if row[load + total] < inf else -1
