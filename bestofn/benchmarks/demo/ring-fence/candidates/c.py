class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        MOD = 1_000_000_007
        if posts == 1:
            return colours % MOD
        answer = 0
        for head in (1, 2):
            if posts < head + 1:
                break
            f1 = f2 = o2 = 0
            o1 = colours - 1
            for _ in range(posts - head - 1):
                nf1 = (o1 + o2) % MOD
                nf2 = f1
                no1 = ((f1 + f2) * (colours - 1) + (o1 + o2) * (colours - 2)) % MOD
                no2 = o1
                f1, f2, o1, o2 = nf1, nf2, no1, no2
            answer += colours * (o1 + o2 + (f1 if head == 1 else 0))
        return answer % MOD
