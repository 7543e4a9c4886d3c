import re


def billed_quarters(entries: list[str]) -> int:
    minutes = 0
    for entry in entries:
        sign, hours, mins = re.fullmatch(r"(-?)(?:(\d+)h)?(?:(\d+)m)?", entry).groups()
        value = int(hours or 0) * 60 + int(mins or 0)
        minutes += -value if sign else value
    quarters = abs(minutes) // 15
    return quarters if minutes >= 0 else -quarters
