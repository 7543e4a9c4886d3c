class Solution:
    def countEchoes(self, codes, gap):
        kept_at = dict()
        dropped = 0
        for index in range(len(codes)):
            code = codes[index]
            previous = kept_at.get(code, -gap - 1)
            if index - previous < gap:
                dropped += 1
            else:
                kept_at[code] = index
        return dropped
