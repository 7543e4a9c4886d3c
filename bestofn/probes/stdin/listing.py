"""What one line holds, in words: ``two integers n and g``, ``a word of n lowercase letters``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

NAME = r"[A-Za-z]\d?(?:_(?:\{[^{}]*\}|\w))?'?(?![\w'])"
COUNT = r"(?:\d*[A-Za-z](?:_\w)?|\d+)(?:\s?[-+*]\s?(?:[A-Za-z]|\d+))?(?!\w)"

_ADJECTIVES = (
    r"(?:(?:space[- ]separated|positive|negative|non-?negative|whole|natural|integer|given|"
    r"single|more|other|further|another|different values of)\s+)*"
)
_HOW_MANY = r"(?:(?:exactly\s+)?(?:an?|the|its|one|two|three|four|five|six|seven|eight|\d+)\s+)?"
_NUMBERS = r"(?:integers?|numbers?|values?)"
_TEXTS = r"(?:strings?|words?|names?|texts?|labels?|passwords?)"
_CLASS = (
    r"(?:(?:lower|upper)[- ]?case|small|capital|decimal|binary)?\s*(?:English |Latin )?"
    r"(?:letters|digits|characters)"
)
_DOTS = r"(?:\.\.\.)"
_RUN = re.compile(
    rf"(?:{_HOW_MANY}(?:(?P<count>{COUNT})\s+)?{_ADJECTIVES}{_NUMBERS}:?,?\s+)?"
    rf"(?P<first>{NAME})(?:[\s,]+{NAME})*[\s,]+{_DOTS}[\s,]+(?:and\s+)?(?P<last>{NAME})"
)
_ARRAY = re.compile(
    rf"(?:(?:the|an?)\s+)?(?:array|sequence|list)\s+(?P<first>{NAME})"
    rf"\s+of\s+(?:exactly\s+)?(?P<count>{COUNT})\s+{_ADJECTIVES}(?:integers|numbers)\b"
)
_UNNAMED = re.compile(
    rf"(?:exactly\s+)?(?P<count>(?!an?\b){COUNT})\s+{_ADJECTIVES}(?:integers|numbers)\b"
)
_NAMES = rf"{NAME}(?:\s*,\s*(?!and\b){NAME})*(?:\s*,?\s+and\s+{NAME})?"
_END = (
    r"(?=\s*(?:$|[,;(]|-{1,3}\s|\u2013|\u2014|and\b|followed\b|separated\b|where\b|which\b|in th))"
)
_NUMBER_LIST = re.compile(rf"{_HOW_MANY}{_ADJECTIVES}{_NUMBERS}:?,?\s+(?P<names>{_NAMES}){_END}")
_BARE = re.compile(rf"(?P<names>{_NAMES}|{NAME}(?:\s+{NAME})+){_END}")
_COUNTED = re.compile(
    rf"the (?:number|length|size|amount|count)\b[^,$]{{0,60}}?,?\s+(?P<names>{NAME}){_END}"
)
_TEXT = re.compile(
    rf"(?:(?:an?|the|its|one)\s+)?(?:[a-z]+'s\s+)?(?:non-?empty |single )?"
    rf"(?P<noun>{_TEXTS})\b(?:\s+(?P<name>{NAME}))?"
    rf"(?:\s*,?\s+(?:(?:of|with)\s+(?:exactly\s+)?(?P<size>{COUNT})\s+(?P<kind>{_CLASS})"
    rf"|of length\s+(?:exactly\s+)?(?P<length>{COUNT})))?"
    rf"(?:\s*,?\s+(?:consisting|made up|made) (?:only )?of (?P<made>{_CLASS}))?{_END}"
)
_CHARACTERS = re.compile(rf"(?:exactly\s+)?(?P<size>(?!an?\b){COUNT})\s+(?P<kind>{_CLASS}){_END}")
_NEXT = re.compile(r"\s*(?:,\s*(?:and\s+)?|\s+and\s+|,?\s*followed by\s+)(?:then\s+|also\s+)?")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A token or a list of tokens on a line.

    Attributes:
        kind: A single number, a list of numbers, or a text.
        name: As written; empty when the statement gives none.
        last: The name of the last member of a ``run``, where its ends are written out.
        count: How many members or characters, as written; empty when not said.
        noun: What a text is called: ``word``, ``name``.
        made_of: Which characters a text holds, in words; empty when not said.
    """

    kind: Literal["number", "run", "text"]
    name: str = ""
    last: str = ""
    count: str = ""
    noun: str = ""
    made_of: str = ""


def read_listing(text: str) -> tuple[list[Entry], str] | None:
    """The entries that a text lists, and the remarks after them.

    Returns:
        None when a part before the remarks was not understood.
    """
    entries: list[Entry] = []
    rest = text.strip()
    while True:
        found = _first(rest)
        if found is None:
            break
        more, end = found
        entries += more
        rest = rest[end:]
        link = _NEXT.match(rest)
        if link is None or _first(rest[link.end() :]) is None:
            break
        rest = rest[link.end() :]
    rest = re.sub(
        r"^\s*,?\s*(?:all )?separated by (?:single |one |a )*(?:spaces?|blanks?)", "", rest
    )
    rest = re.sub(r"^\s*,?\s*in (?:this|that) order\b", "", rest)
    if not entries or not re.match(r"\s*(?:$|[,;(]|-{1,3}\s|\u2013|\u2014|where\b|which\b)", rest):
        return None
    return entries, rest


def _first(text: str) -> tuple[list[Entry], int] | None:
    for pattern, make in _READERS:
        match = pattern.match(text)
        if match is not None:
            return make(match), match.end()
    return None


def _run(match: re.Match[str]) -> list[Entry]:
    return [
        Entry(
            kind="run",
            name=match.group("first"),
            last=match.groupdict().get("last") or "",
            count=match.group("count") or "",
        )
    ]


def _names(match: re.Match[str]) -> list[Entry]:
    found = re.findall(rf"(?<!\w){NAME}", re.sub(r"\band\b", ",", match.group("names")))
    return [Entry(kind="number", name=name) for name in found]


def _unnamed(match: re.Match[str]) -> list[Entry]:
    return [Entry(kind="run", count=match.group("count"))]


def _text(match: re.Match[str]) -> list[Entry]:
    groups = match.groupdict()
    return [
        Entry(
            kind="text",
            name=groups.get("name") or "",
            count=groups.get("size") or groups.get("length") or "",
            noun=(groups.get("noun") or "").removesuffix("s"),
            made_of=_stated(groups.get("kind") or "") or _stated(groups.get("made") or ""),
        )
    ]


def _stated(kind: str) -> str:
    """``characters`` alone does not say which."""
    return "" if kind == "characters" else kind


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], list[Entry]]], ...] = (
    (_RUN, _run),
    (_ARRAY, _run),
    (_NUMBER_LIST, _names),
    (_TEXT, _text),
    (_CHARACTERS, _text),
    (_UNNAMED, _unnamed),
    (_COUNTED, _names),
    (_BARE, _names),
)
