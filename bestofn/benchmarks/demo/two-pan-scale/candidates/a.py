def min_weights(weights: list[int], load: int) -> int:
    best = {}
    for w in weights:
        new = {}
        for diff, used in best.items():
            new[diff] = min(new.get(diff, used), used)
            for nxt in (diff + w, diff - w):
                new[nxt] = min(new.get(nxt, used + 1), used + 1)
        for first in (w, -w):
            new[first] = 1
        best = new
    return best.get(load, -1)
