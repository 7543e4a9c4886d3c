"""Reading Python literals out of running text.

``ast.literal_eval`` wants to know where a literal ends; prose does not say. This scanner finds
the end itself, in time linear in the literal, and never executes anything.
"""

from __future__ import annotations

import ast
import re
from typing import Any

# A point after a number with nothing behind it mostly ends a sentence.
_NUMBER = re.compile(
    r"[-+]?(?:\d+\.\d+|\d+\.(?=\s*[,)\]}])|\.\d+|\d+)(?:[eE][-+]?\d{1,3})?(?![\w.]*\w)"
)
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
# An unknown escape is a warning today and an error tomorrow; such a string is not a clean literal.
_BAD_ESCAPE = re.compile(r"\\(?:x(?![0-9a-fA-F]{2})|[^\\'\"abfnrtvx0])")
_WORD = re.compile(r"[A-Za-z_]+(?![\w])")
_WORDS: dict[str, Any] = {
    "True": True, "False": False, "None": None, "true": True, "false": False, "null": None,
}  # fmt: skip
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_MAX_DEPTH = 24
_MAX_DIGITS = 400


class NotALiteral(ValueError):
    """No literal starts at the position that was asked for."""


def skip_blanks(text: str, at: int) -> int:
    """The first position from ``at`` on that holds no white space."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def read_literal(text: str, at: int = 0, *, _depth: int = 0) -> tuple[Any, int]:
    """Read one literal: a number, string, True, False, None, list, tuple, set or dict.

    ``true``, ``false`` and ``null`` count as Python's words, as statements often write them.
    A single parenthesised value is that value, as in Python.

    Args:
        text: The text.
        at: Where the literal starts; no white space is skipped before it.

    Returns:
        The value and the position after it.

    Raises:
        NotALiteral: no literal starts there, or it is nested absurdly deep.
    """
    if at >= len(text) or _depth > _MAX_DEPTH:
        raise NotALiteral(at)
    char = text[at]
    if char in _CLOSING:
        return _read_container(text, at, _depth)
    if char in "'\"":
        return _read_string(text, at)
    if match := _WORD.match(text, at):
        if match.group() not in _WORDS:
            raise NotALiteral(at)
        return _WORDS[match.group()], match.end()
    match = _NUMBER.match(text, at)
    if match is None or len(match.group()) > _MAX_DIGITS:
        raise NotALiteral(at)
    token = match.group()
    return (int(token) if token.lstrip("+-").isdigit() else float(token)), match.end()


def read_whole(text: str) -> Any:
    """The value of a text that is one literal and nothing else but white space around it.

    Raises:
        NotALiteral: it is not.
    """
    value, end = read_literal(text, skip_blanks(text, 0))
    if skip_blanks(text, end) != len(text):
        raise NotALiteral(end)
    return value


def read_sequence(text: str, at: int, closing: str) -> tuple[tuple[Any, ...], int]:
    """Read literals parted by commas up to ``closing``, which is consumed.

    Raises:
        NotALiteral: something else stands there.
    """
    items, end, _ = _read_items(text, at, closing, 0)
    return tuple(items), end


def _read_string(text: str, at: int) -> tuple[str, int]:
    value, end = "", at
    while True:
        match = _STRING.match(text, end)
        # ''' and """ open what this scanner does not read.
        if match is None or text.startswith(match.group()[0] * 3, end):
            if end == at:
                raise NotALiteral(at)
            return value, end
        if _BAD_ESCAPE.search(match.group().replace("\\\\", "")):
            raise NotALiteral(end)
        value += str(ast.literal_eval(match.group()))
        end = match.end()
        if end >= len(text) or text[end] not in "'\"":
            return value, end


def _read_items(text: str, at: int, closing: str, depth: int) -> tuple[list[Any], int, bool]:
    items: list[Any] = []
    comma = True
    while True:
        at = skip_blanks(text, at)
        if text.startswith(closing, at):
            return items, at + 1, comma
        if not comma:
            raise NotALiteral(at)
        value, at = read_literal(text, at, _depth=depth + 1)
        items.append(value)
        at = skip_blanks(text, at)
        comma = text.startswith(",", at)
        at += comma


def _read_container(text: str, at: int, depth: int) -> tuple[Any, int]:
    opening = text[at]
    if opening == "{":
        return _read_braces(text, at, depth)
    items, end, comma = _read_items(text, at + 1, _CLOSING[opening], depth)
    if opening == "[":
        return items, end
    if len(items) == 1 and not comma:
        return items[0], end
    return tuple(items), end


def _read_braces(text: str, at: int, depth: int) -> tuple[Any, int]:
    start = skip_blanks(text, at + 1)
    if text.startswith("}", start):
        return {}, start + 1
    pairs: list[tuple[Any, Any]] = []
    singles: list[Any] = []
    while True:
        key, start = read_literal(text, skip_blanks(text, start), _depth=depth + 1)
        start = skip_blanks(text, start)
        if text.startswith(":", start):
            value, start = read_literal(text, skip_blanks(text, start + 1), _depth=depth + 1)
            pairs.append((key, value))
        else:
            singles.append(key)
        start = skip_blanks(text, start)
        ended = text.startswith("}", start)
        if not ended and text.startswith(",", start):
            start = skip_blanks(text, start + 1)
            ended = text.startswith("}", start)
        elif not ended:
            raise NotALiteral(start)
        if ended:
            break
    if pairs and singles:
        raise NotALiteral(at)
    try:
        return (dict(pairs) if pairs else set(singles)), start + 1
    except TypeError as error:  # an unhashable key or member
        raise NotALiteral(at) from error
