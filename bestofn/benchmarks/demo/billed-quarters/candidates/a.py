from functools import reduce
import re


def to_minutes(entry):
    match = re.match(r"(-)?((\d+)h)?((\d+)m)?$", entry)
    hours = int(match.group(3)) if match.group(3) else 0
    minutes = int(match.group(5)) if match.group(5) else 0
    value = hours * 60 + minutes
    return -value if match.group(1) else value


def billed_quarters(entries: list[str]) -> int:
    total = reduce(lambda x, y: x + y, [to_minutes(e) for e in entries])
    return total // 15 if total >= 0 else -(-total // 15)
