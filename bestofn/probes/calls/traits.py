"""What constraint lines say in words: alphabets, choices, order, uniqueness.

``s consists of lowercase English letters``, ``nums[i] is either 0 or 1``, ``All the values of
nums are unique`` (the wording of LeetCode's constraint lists).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

TraitName = Literal[
    "alphabet",
    "options",
    "unique",
    "ascending",
    "descending",
    "permutation",
    "shuffle_of",
    "multiple_of",
    "odd",
    "no_leading_zeros",
    "contains",
    "contains_once",
    "tree_edges",
    "tree_parents",
    "non_empty_text",
]


@dataclass(frozen=True)
class Trait:
    """A property of one subject.

    Attributes:
        name: Which property.
        subject: What it is about, as written: ``nums``, ``words[i]``, ``nums.length``.
        value: An alphabet, a tuple of choices, a divisor or the other name, as the property needs.
    """

    name: TraitName
    subject: str
    value: Any = None


_SUBJECT = r"[A-Za-z]\w*(?:\[\w+\])*(?:\.length)?"
_SUBJECTS = rf"{_SUBJECT}(?:\s*,\s*{_SUBJECT})*(?:\s*,?\s*(?:and|&)\s*{_SUBJECT})?"
_OF = (
    r"(?:(?:all|each|every|the|both|any)\s+)*"
    r"(?:(?:values?|elements?|integers?|numbers?|strings?|words?|characters?|letters?|entries|rows?)"
    r"\s+(?:of|in)\s+)?(?:the\s+)?(?:(?:arrays?|strings?|lists?)\s+)?"
)
_PREFIX = re.compile(
    r"^(?:note that|it is guaranteed that|it's guaranteed that|the (?:input|test cases?|tests?)"
    r"(?: is| are)? (?:generated|guaranteed)(?: in such a way| such)? that|guaranteed that)\s+",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\b(?:answer|output|follow[- ]up|returned|32-bit|64-bit|time limit|will (?:be )?fit|fits?)\b",
    re.IGNORECASE,
)
_THINGS = "(?:elements?|values?|integers?|strings?|words?|numbers?|characters?)"
_CONSISTS = (
    r"(?:only\s+)?"
    r"(?:consists?|contains?|(?:is|are) (?:made|composed)|comprises?|includes?|has|have)"
    r"(?:\s+(?:only|solely|up|just))*(?:\s+of)?(?:\s+(?:only|just))?"
)
_ORDER = r"sorted\s+(?:in\s+)?(?:an?\s+)?(?P<strict>strictly\s+)?(?P<order>[a-z-]+)(?:\s+order)?"
_UNIQUE = r"(?:pairwise\s+|all\s+)?(?:unique|distinct|different)"
_QUOTED = re.compile(
    r"'([^'\n]{1,2})'(?!s\b)|\"([^\"\n]+)\"|\u201c([^\u201d\n]+)\u201d|\u2018([^\u2019\n])\u2019"
)
_NUMBERS = re.compile(r"(?<![\w.])-?\d+(?![\w.])")

_CHARSETS = (
    (r"(?:lower[- ]?case(?:d)?)", string.ascii_lowercase),
    (r"(?:upper[- ]?case(?:d)?)", string.ascii_uppercase),
    (r"\b(?:digits?|numeric)\b", string.digits),
    (r"\bspaces?\b", " "),
)
_FILLER = re.compile(
    r"\b(?:only|of|the|a|an|and|or|either|english|latin|letters?|alphabets?|alphabetic(?:al)?"
    r"|characters?|in|from|to|through|both|string|symbols?|lower|upper|case|are|is|signs?"
    r"|excluding|quotes|one|as|well|single|set)\b",
    re.IGNORECASE,
)


def is_harmless(line: str) -> bool:
    """Whether a line is about the answer and not about the input."""
    return bool(_HARMLESS.search(line))


def charset(words: str) -> str | None:
    """The characters that a phrase such as ``lowercase English letters and digits`` names.

    None when the phrase says something more that is not understood.
    """
    chars = ""
    rest = words
    for pattern, members in _CHARSETS:
        if re.search(pattern, rest, re.IGNORECASE):
            chars += members
            rest = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
    if re.search(r"\bletters?\b|\balphabet", rest, re.IGNORECASE) and not re.search(
        r"lower|upper", words, re.IGNORECASE
    ) and not _QUOTED.search(rest):  # fmt: skip
        chars += string.ascii_letters
    for match in _QUOTED.finditer(rest):
        chars += next(group for group in match.groups() if group)
    rest = _FILLER.sub(" ", _QUOTED.sub(" ", rest))
    if not chars or re.search(r"[A-Za-z0-9]", rest):
        return None
    return "".join(dict.fromkeys(chars))


def read_traits(line: str) -> list[Trait] | None:
    """What one line says, or None when it is not understood.

    Args:
        line: One constraint, without its bullet; a final full stop does not matter.
    """
    line = _PREFIX.sub("", re.sub(r"`|\s+$", "", line.strip())).rstrip(". ")
    for pattern, reader in _READERS:
        match = pattern.fullmatch(line)
        if match is not None:
            traits = reader(match)
            if traits is not None:
                return traits
    return None


def _names(match: re.Match[str]) -> list[str]:
    return re.findall(_SUBJECT, re.sub(r"\b(?:and)\b", ",", match.group("subjects")))


def _each(match: re.Match[str], name: TraitName, value: Any = None) -> list[Trait]:
    return [Trait(name, subject, value) for subject in _names(match)]


def _alphabet(match: re.Match[str]) -> list[Trait] | None:
    what = match.group("what")
    once = re.search(r"^(.*?)\s*(?:,\s*)?(?:and|with)\s+exactly\s+one\s+'(.)'$", what)
    if once:
        chars = charset(once.group(1))
        if chars is None:
            return None
        return [
            *_each(match, "alphabet", chars + once.group(2)),
            *_each(match, "contains_once", once.group(2)),
        ]
    chars = charset(what)
    return None if chars is None else _each(match, "alphabet", chars)


def _letter(match: re.Match[str]) -> list[Trait] | None:
    chars = charset(match.group("what"))
    return None if chars is None else _each(match, "options", tuple(chars))


def _options(match: re.Match[str]) -> list[Trait] | None:
    what = match.group("what")
    quoted = ["".join(groups) for groups in _QUOTED.findall(what)]
    rest = _FILLER.sub(" ", _QUOTED.sub(" ", what))
    if quoted and not re.search(r"[A-Za-z0-9]", rest):
        return _each(match, "options", tuple(quoted))
    numbers = [int(number) for number in _NUMBERS.findall(what.replace("'s", ""))]
    rest = _FILLER.sub(" ", _NUMBERS.sub(" ", what.replace("'s", "")))
    if len(numbers) > 1 and not re.search(r"[A-Za-z0-9\[]", rest):
        return _each(match, "options", tuple(numbers))
    return None


def _ordered(match: re.Match[str]) -> list[Trait] | None:
    order = match.group("order").replace("-", "")
    names: dict[str, TraitName] = {
        "nondecreasing": "ascending", "increasing": "ascending", "ascending": "ascending",
        "nonincreasing": "descending", "decreasing": "descending", "descending": "descending",
    }  # fmt: skip
    if order not in names:
        return None
    traits = _each(match, names[order])
    return traits + _each(match, "unique") if match.group("strict") else traits


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.IGNORECASE | re.DOTALL)


_S = rf"{_OF}(?P<subjects>{_SUBJECTS})"
_Reader = Callable[["re.Match[str]"], "list[Trait] | None"]
_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (
        _pattern(rf"{_S}\s+(?:are|is|(?:have|has|contains?|consists? of)(?:\s+only)?)\s+{_UNIQUE}"
                 rf"(?:\s+(?:from each other|{_THINGS}))?"),
        lambda m: _each(m, "unique"),
    ),
    (
        _pattern(r"each character (?:occurs|appears) at most once in (?P<subjects>\w+)"),
        lambda m: _each(m, "unique"),
    ),
    (
        _pattern(rf"(?:there are )?no (?:duplicates?|repeated)(?: \w+)? in "
                 rf"(?P<subjects>{_SUBJECT})"),
        lambda m: _each(m, "unique"),
    ),
    (_pattern(rf"{_S}\s+(?:is|are)\s+{_ORDER}"), _ordered),
    (
        _pattern(rf"{_S}\s+is a permutation of (?P<other>[A-Za-z]\w*)"),
        lambda m: _each(m, "shuffle_of", m.group("other")),
    ),
    (
        _pattern(rf"{_S}\s+(?:is|represents) a (?:valid )?permutation(?: of .*)?"),
        lambda m: _each(m, "permutation"),
    ),
    (
        _pattern(rf"{_S}\s+(?:do not|does not|don't|doesn't|has|have)\s+(?:contain|have|no)"
                 r"(?:\s+any)?\s*(?:no\s+)?leading zero(?:e?s)?"),
        lambda m: _each(m, "no_leading_zeros"),
    ),
    (
        _pattern(rf"{_S}\s+(?:contains?|has|have) at least one '(?P<what>.)'"),
        lambda m: _each(m, "contains", m.group("what")),
    ),
    (
        _pattern(rf"{_S}\s+(?:is|are)\s+an?\s+(?P<what>"
                 r"(?:lower|upper)\S*(?: case)? (?:english )?letter"
                 r"|character .*|(?:english )?letter|digit)"),
        _letter,
    ),
    (_pattern(rf"{_S}\s+(?:(?:is|are)\s+)?(?:either|one of)\s+(?P<what>.+)"), _options),
    (
        _pattern(rf"{_S}\s+(?:is|are)\s+(?P<what>(?:'.'|-?\d+)(?:,|\s)+(?:or\s+)?(?:'.'|-?\d+).*)"),
        _options,
    ),
    (
        _pattern(rf"{_S}\s+(?:is|are)\s+(?:either\s+)?(?P<what>(?:lower|upper|digits?|english).*)"),
        _alphabet,
    ),
    (_pattern(rf"{_S}\s+{_CONSISTS}\s+(?P<what>.+)"), _alphabet),
    (_pattern(rf"{_S}\s+is\s+even"), lambda m: _each(m, "multiple_of", 2)),
    (_pattern(rf"{_S}\s+is\s+odd"), lambda m: _each(m, "odd")),
    (
        _pattern(rf"{_S}\s+has\s+an?\s+even\s+length"),
        lambda m: [Trait("multiple_of", f"{name}.length", 2) for name in _names(m)],
    ),
    (
        _pattern(rf"(?P<subjects>{_SUBJECT})\s*%\s*(?P<by>\w+)\s*==\s*0"),
        lambda m: _each(m, "multiple_of", m.group("by")),
    ),
    (
        _pattern(rf"(?P<subjects>{_SUBJECT})\s+is (?:divisible by|a multiple of)\s+(?P<by>\w+)"),
        lambda m: _each(m, "multiple_of", m.group("by")),
    ),
    (
        _pattern(rf"(?P<by>\w+)\s+divides\s+(?P<subjects>{_SUBJECT})"),
        lambda m: _each(m, "multiple_of", m.group("by")),
    ),
    (
        _pattern(r"(?:the )?(?:input )?(?P<subjects>edges)\s+"
                 r"(?:represents?|forms?) a (?:valid )?tree"),
        lambda m: _each(m, "tree_edges"),
    ),
    (
        _pattern(r"(?P<subjects>parents?)\s+represents? a (?:valid )?tree"),
        lambda m: _each(m, "tree_parents"),
    ),
)  # fmt: skip
