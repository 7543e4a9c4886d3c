"""What kind an argument is, judged by its name and by the words of the docstring.

Used where a signature has no type hints: ``a list of integers``, ``two strings``, ``lst``,
``n``. The answer may be unsure; then there are several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .kinds import AnyKind, DictOf, Float, Int, Kind, ListOf, Str

_INTS = ListOf(element=Int())
_TEXTS = ListOf(element=Str())

_BY_NAME: tuple[tuple[str, Kind], ...] = (
    (r"(?:str|string|word|text|sentence|name|token|tag|file_?name|path|url|line|message)s"
     r"|(?:list|lst|arr)_?of_?str\w*|extensions", _TEXTS),
    (r"(?:s|str|string|text|txt|word|sentence|message|msg|phrase|prefix|suffix|char|ch|letter"
     r"|brackets|parens|date|time|key|url|path|line|pattern|password|dna|roman"
     r"|\w*_?(?:string|str|text|word|name))\d?", Str()),
    (r"(?:grid|matrix|mat|board|rows|table|image)\d?", ListOf(element=_INTS)),
    (r"(?:lst|list|l|arr|array|nums?_?list|nums|numbers|values|ints|integers|xs|elements|items"
     r"|scores|prices|weights|heights|grades|data|seq|sequence|operations|coins|queue"
     r"|\w*_(?:list|lst|arr|array))\d?", _INTS),
    (r"(?:dict|dictionary|d|mapping|map|counter|dic)\d?", DictOf(key=Str(), value=Int())),
    (r"(?:n|k|m|x|y|z|a|b|c|i|j|p|q|t|num|number|integer|count|size|length|base|shift|index|limit"
     r"|target|threshold|start|end|low|high|left|right|lo|hi|year|total|age|width|height"
     r"|\w*_(?:num|number|count|size|length|index))\d?", Int()),
)  # fmt: skip

_LISTS = r"(?:lists?|arrays?|sequences?|vectors?|collections?)"
_FILL = r"(?:\w+[ \-]){0,3}?"
_BY_WORDS: tuple[tuple[str, Kind], ...] = (
    (rf"(?:{_LISTS} of (?:{_FILL}){_LISTS}|matrix|matrices|grid|2d {_LISTS}|nested {_LISTS})",
     ListOf(element=_INTS)),
    (rf"{_LISTS}[\w ,']{{0,24}}? of (?:{_FILL})(?:strings?|words?|names|characters|chars)", _TEXTS),
    (rf"{_LISTS}[\w ,']{{0,24}}? of (?:{_FILL})(?:floats?|real|gpas?|decimals?)",
     ListOf(element=Float())),
    (rf"{_LISTS}[\w ,']{{0,24}}? of (?:{_FILL})(?:int|integers?|numbers?|elements?|digits"
     r"|values|scores|ints)", _INTS),
    (r"(?:dictionary|dict|hash ?map)\b", DictOf(key=Str(), value=Str())),
    (r"(?:strings?|words?|text|sentence|substring|characters?)\b", Str()),
    (rf"{_LISTS}\b", _INTS),
    (r"(?:floats?|floating|real numbers?|lengths? of the .{0,12}sides)", Float()),
    (r"(?:integers?|int|numbers?|digits?|natural)\b", Int()),
)  # fmt: skip

FALLBACKS: tuple[Kind, ...] = (Int(), Str(), _INTS, _TEXTS)


@dataclass(frozen=True)
class Guess:
    """Kinds an argument may have, likeliest first, and whether the first is beyond doubt."""

    kinds: tuple[Kind, ...]
    sure: bool = False


def without_examples(text: str, names: Sequence[str]) -> str:
    """A docstring without the lines that show calls, inputs and outputs.

    Args:
        text: The docstring.
        names: The function's own name and whatever else introduces an example.
    """
    calls = "|".join(re.escape(name) for name in names) or "$^"
    shown = re.compile(
        rf"(?:(?<!\w)(?:{calls})\s*\()|>>>|^\s*(?:inputs?|outputs?|returns?|explanation)\s*:"
        r"|^\s*\w+\([^)]*\)\s*(?:==?|[-=]+>|➞|→)|^\s*for\s+\w+\s*=|^\s*assert\b|\w+\s*=\s*[\[\"'{\d]",
        re.IGNORECASE,
    )
    kept = []
    after_doctest = False
    for line in text.splitlines():
        if shown.search(line):
            after_doctest = ">>>" in line
            continue
        if not after_doctest or not line.strip():
            kept.append(line)
        after_doctest = after_doctest and bool(line.strip())
    return "\n".join(kept)


def counted_kind(text: str, count: int) -> Guess | None:
    """The kind of all the arguments where the text counts them: ``two strings``, ``3 numbers``.

    Sure, but for ``two lists``, which leaves open what they hold.
    """
    words = {2: "two|2|both", 3: "three|3", 4: "four|4"}.get(count)
    if words is None:
        return None
    for pattern, kind in _BY_WORDS:
        if re.search(rf"\b(?:{words})\s+(?:\w+[ -]){{0,2}}?{pattern}", text, re.IGNORECASE):
            return Guess((kind,), sure=pattern != rf"{_LISTS}\b")
    return None


def guess_kinds(name: str, text: str, *, alone: bool) -> Guess:
    """What an argument may be.

    Args:
        name: The parameter.
        text: The docstring without its examples.
        alone: Whether it is the only parameter, so that words need not name it.
    """
    near = _described(name, text)
    named = next((kind for pattern, kind in _BY_NAME if re.fullmatch(pattern, name.lower())), None)
    general = _first_words(text) if alone else None
    ranked = [kind for kind in (near, general, named) if kind is not None]
    if not ranked:
        everything = _first_words(text)
        ranked = [everything] if everything is not None else []
    unique = list(dict.fromkeys(ranked))
    votes = max((ranked.count(kind) for kind in unique), default=0)
    unique.sort(key=lambda kind: -ranked.count(kind))
    sure = votes >= 2 and len(unique) == 1
    return Guess(tuple(unique) if unique else (AnyKind(),), sure)


def _described(name: str, text: str) -> Kind | None:
    """``a string text``, ``'n' is an integer``, ``@need : integer`` - words beside the name."""
    quoted = rf"[\"'`@(]*\b{re.escape(name)}\b[\"'`)]*"
    for pattern, kind in _BY_WORDS:
        before = rf"\b{pattern}\s+(?:called |named |of )?(?:\w+ and )?{quoted}(?![\w'])"
        after = rf"{quoted}\s*(?::|is|are|\()\s*(?:an? |the )?(?:\w+[ -]){{0,2}}?{pattern}"
        listed = rf"\b{pattern}\s+(?:\w+\s*,\s*)*\w+\s*(?:,|and)\s*(?:and\s+)?{quoted}(?![\w'])"
        if len(name) > 1 or re.search(rf"\b{re.escape(name)}\b", text):
            found = re.search(f"{before}|{after}|{listed}", text, re.IGNORECASE)
            if found and not (len(name) == 1 and name == "a" and " a " in f" {found.group()} "):
                return kind
    return None


def _first_words(text: str) -> Kind | None:
    """The kind that the text names first, the more telling wording winning at one place."""
    best: tuple[int, Kind] | None = None
    for pattern, kind in _BY_WORDS:
        found = re.search(rf"\b{pattern}", text, re.IGNORECASE)
        if found and (best is None or found.start() < best[0] - 12):
            best = (found.start(), kind)
    return None if best is None else best[1]
