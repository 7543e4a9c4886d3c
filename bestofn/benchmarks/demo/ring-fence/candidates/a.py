class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        MOD = 1_000_000_007
        if posts <= 2:
            return pow(colours, posts, MOD)

        answer = 0
        # head: how many posts at the beginning share the first colour (1 or 2)
        for head in (1, 2):
            # State (is it the first colour?, length of the current run).
            # f1/f2: current run has the first colour, o1/o2: another colour
            f1 = f2 = 0
            o1, o2 = colours - 1, 0
            for _ in range(posts - head - 1):
                f1, f2, o1, o2 = (
                    (o1 + o2) % MOD,
                    f1,
                    ((f1 + f2) * (colours - 1) + (o1 + o2) * (colours - 2)) % MOD,
                    o1,
                )
            good = o1 + o2
            if head == 1:
                good += f1          # run of 1 at the end joins the head of 1
            answer += good * colours
        return answer % MOD
