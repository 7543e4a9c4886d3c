def min_weights(weights: list[int], load: int) -> int:
    INF = len(weights) + 1
    dp = [INF] * (load + 1)
    dp[0] = 0
    for w in weights:
        for s in range(load, w - 1, -1):
            dp[s] = min(dp[s], dp[s - w] + 1)
    return dp[load] if dp[load] < INF else -1
