def min_weights(weights: list[int], load: int) -> int:
    # Differences beyond the load never help, so cut them off.
    weights = sorted(weights, reverse=True)
    states = {0: 0}
    for w in weights:
        new_states = dict(states)
        for diff, cnt in states.items():
            for nd in (diff + w, diff - w):
                if -load <= nd <= load:
                    if nd not in new_states or new_states[nd] > cnt + 1:
                        new_states[nd] = cnt + 1
        states = new_states
    return states.get(load, -1)
