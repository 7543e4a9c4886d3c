import re


def billed_quarters(entries: list[str]) -> int:
    total = 0
    for entry in entries:
        for number, unit in re.findall(r"(-?\d+)([hm])", entry):
            total += int(number) * (60 if unit == "h" else 1)
    sign = -1 if total < 0 else 1
    return sign * (abs(total) // 15)
