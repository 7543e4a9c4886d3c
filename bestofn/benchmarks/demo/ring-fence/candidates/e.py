class Solution:
    def countPaintings(self, posts: int, colours: int) -> int:
        if posts < 3:
            return colours ** posts
        total = 0
        for head in (1, 2):
            first = [0, 0]
            other = [colours - 1, 0]
            for _ in range(posts - head - 1):
                first, other = (
                    [sum(other), first[0]],
                    [sum(first) * (colours - 1) + sum(other) * (colours - 2), other[0]],
                )
            total += sum(other)
            if head == 1:
                total += first[0]
        return total * colours
