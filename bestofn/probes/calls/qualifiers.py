"""Words that say something of all arguments: "positive", "non-empty", "of equal length"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .traits import charset

_QUOTED_CHARS = re.compile(
    r"(?:only |consists? |made up |composed |string )of ((?:\W{1,3}|and|or|\b\w\b|[01]s)+)"
)
_COUNTS = {"one": 1, "two": 2, "three": 3, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True)
class Qualifiers:
    """What a docstring says of all its arguments.

    Attributes:
        low: The least number, 0 for "non-negative" and 1 for "positive".
        integers: Whether it speaks of integers or numbers without such a word.
        least: The fewest elements of a list.
        fixed: The exact number of elements, as in "a list of two strings".
        numeral: Whether texts spell numbers.
        empty: Whether empty arguments are spoken of.
        equal_lengths, distinct, ordered: Whether lists are said to be so.
        alphabet: The characters of texts, where they are listed.
    """

    low: int | None
    integers: bool
    least: int
    fixed: int | None
    numeral: bool
    empty: bool
    equal_lengths: bool
    distinct: bool
    ordered: bool
    alphabet: str


def qualifiers(text: str) -> Qualifiers:
    """What the words of a docstring say of its arguments."""
    lower = text.lower()
    low: int | None = None
    if re.search(r"\bnon[- ]?negative|\bwhole numbers?", lower):
        low = 0
    elif re.search(r"\bpositive (?:\w+ )?(?:int|num|whole|float)|\bnatural numbers?|> ?0\b", lower):
        low = 1
    least = re.search(
        r"\bat least (one|two|three|1|2|3) (?:\w+ )?(?:element|number|item|value)", lower
    )
    fixed = re.search(r"\b(?:list|array|tuple)s? of (?:exactly )?(two|three|2|3) ", lower)
    return Qualifiers(
        low=low,
        integers=bool(re.search(r"\b(?:integers|numbers)\b", lower)) and low is None,
        least=_COUNTS[least.group(1)] if least else int(bool(re.search(r"\bnon[- ]?empty", lower))),
        fixed=_COUNTS[fixed.group(1)] if fixed else None,
        numeral=bool(re.search(r"\bstrings?\W+representing an? (?:number|integer)", lower)),
        empty=bool(re.search(r"(?<!non-)(?<!non )\bempty\b", lower)),
        equal_lengths=bool(re.search(r"\b(?:equal|same) (?:length|size)", lower)),
        distinct=bool(
            re.search(r"\b(?:no|not contain\w*)\s+duplicate|\bdistinct\b|\bunique\b", lower)
        ),
        ordered=bool(re.search(r"\bsorted\b|\b(?:a|in)scending\b|\bincreasing\b", lower)),
        alphabet=_alphabet_in(text),
    )


def _alphabet_in(text: str) -> str:
    match = _QUOTED_CHARS.search(text)
    if match:
        chars = [c for c in re.sub(r"\band\b|\bor\b|[\s\"'`.,]", "", match.group(1)) if c != "s"]
        if 1 < len(set(chars)) < 7:
            return "".join(dict.fromkeys(chars))
    if re.search(r"\bparenthes[ei]s|\bbracket", text, re.IGNORECASE):
        return "[]" if re.search(r"\bsquare brackets", text, re.IGNORECASE) else "()"
    found = re.search(r"(?:consists?|contains?)(?: only)? of ([\w ]{4,40}?)(?:[.,;\n]|$)", text)
    return (charset(found.group(1)) or "") if found else ""
