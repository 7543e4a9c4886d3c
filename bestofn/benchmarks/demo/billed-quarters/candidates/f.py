def billed_quarters(entries: list[str]) -> int:
    total_minutes = 0
    for entry in entries:
        negative = entry.startswith("-")
        text = entry.lstrip("-")
        hours, sep, rest = text.partition("h")
        if not sep:
            hours, rest = "0", text
        minutes = int(hours) * 60 + int(rest.rstrip("m") or 0)
        total_minutes += -minutes if negative else minutes
    # int() truncates towards zero
    return int(total_minutes / 15)
