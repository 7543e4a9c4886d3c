def min_weights(weights: list[int], load: int) -> int:
    # fewest[d]: weights needed so that the right pan leads by d
    fewest = {0: 0}
    for w in weights:
        updated = dict(fewest)
        for diff, used in fewest.items():
            for reached in (diff + w, diff - w):
                if used + 1 < updated.get(reached, 10 ** 9):
                    updated[reached] = used + 1
        fewest = updated
    return fewest.get(load, -1)
