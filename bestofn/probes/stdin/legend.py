"""Reads the legend of a map: lines such as ``#  a wall`` and ``S  the start (exactly one)``."""

from __future__ import annotations

import re

_ENTRY = re.compile(
    r"^\s*(?:[-*\u2022]\s+(?=\S.*\s[-:=]))?['\"`]?(?P<characters>\S(?:['\"`]?,?\s['\"`]?\S)*?)['\"`]?"
    r"(?:\s{2,}|\t|\s*:\s+|\s+[-=\u2013\u2014]\s+)(?P<meaning>[A-Za-z].*)$"
)
_ONCE = re.compile(r"\bexactly (?:one|once)\b", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\b(?:at (?:least|most)|only (?:one|once)|twice|even|odd|same number|exactly|borders?)\b",
    re.IGNORECASE,
)


def read_legend(statement: str) -> tuple[str, str] | None:
    """The characters of a map, and those that occur exactly once.

    Returns:
        None when there are not at least two neighbouring lines of a legend, or when one of
        them limits how often a character occurs in a way that was not understood.
    """
    found: list[re.Match[str]] = []
    for line in statement.split("\n"):
        entry = _ENTRY.match(line)
        if entry is not None:
            found.append(entry)
        elif len(found) > 1:
            break
        else:
            found = []
    characters, once = "", ""
    for entry in found:
        members = re.sub(r"[\s,'\"`]", "", entry.group("characters"))
        meaning = entry.group("meaning")
        if _ONCE.search(meaning) and len(members) == 1:
            once += members
        elif _AMOUNT.search(meaning):
            return None
        characters += members
    return (characters, once) if len(found) > 1 else None
