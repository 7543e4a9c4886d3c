def billed_quarters(entries: list[str]) -> int:
    total = 0
    for e in entries:
        sign = 1
        if e[0] == "-":
            sign = -1
            e = e[1:]
        h, m = 0, 0
        if "h" in e:
            left, e = e.split("h")
            h = int(left)
        if e.endswith("m"):
            m = int(e[:-1])
        total += sign * (60 * h + m)
    return total // 15
