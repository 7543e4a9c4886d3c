def _minutes(entry: str) -> int:
    if entry.startswith("-"):
        return -_minutes(entry[1:])
    total = 0
    number = ""
    for ch in entry:
        if ch.isdigit():
            number += ch
        elif ch == "h":
            total += 60 * int(number)
            number = ""
        elif ch == "m":
            total += int(number)
            number = ""
    return total


def billed_quarters(entries: list[str]) -> int:
    """Sum all entries and drop the broken quarter, towards zero."""
    total = sum(map(_minutes, entries))
    whole, _ = divmod(abs(total), 15)
    if total < 0:
        whole = -whole
    return whole
