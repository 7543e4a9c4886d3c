def billed_quarters(entries: list[str]) -> int:
    """Total worked time in whole quarter hours."""
    quarters = 0
    for entry in entries:
        sign = -1 if entry.startswith("-") else 1
        body = entry.lstrip("-")
        minutes = 0
        if "h" in body:
            hours, body = body.split("h", 1)
            minutes += int(hours) * 60
        if body:
            minutes += int(body[:-1])
        quarters += sign * (minutes // 15)
    return quarters
