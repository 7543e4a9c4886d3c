from functools import lru_cache


def min_weights(weights: list[int], load: int) -> int:
    """Try each weight on the left pan, on the right pan, or not at all."""
    inf = float("inf")
    suffix = [0] * (len(weights) + 1)
    for i in range(len(weights) - 1, -1, -1):
        suffix[i] = suffix[i + 1] + weights[i]

    @lru_cache(maxsize=None)
    def best(i: int, missing: int) -> float:
        if missing == 0:
            return 0
        if i == len(weights) or abs(missing) > suffix[i]:
            return inf
        w = weights[i]
        return min(
            best(i + 1, missing),
            1 + best(i + 1, missing - w),
            1 + best(i + 1, missing + w),
        )

    result = best(0, load)
    return -1 if result == inf else int(result)
