"""What a problem says of the value that its function returns, and which values deny it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..probes.calls.kinds import (
    AnyKind,
    Bool,
    DictOf,
    Float,
    Int,
    Kind,
    ListOf,
    NoneKind,
    SetOf,
    Str,
    TupleOf,
    Union,
)
from ..probes.calls.signature import kind_of_annotation
from ..probes.calls.source import docstring_of, function_header
from ..probes.calls.words import without_examples
from ..types import Problem

_WORDED: tuple[tuple[str, Kind], ...] = (
    (r"an?\s+(?:[a-z]+\s+){0,2}?(?:list|array)", ListOf(element=AnyKind())),
    (r"an?\s+(?:[a-z]+\s+){0,2}?string", Str()),
    (r"an?\s+(?:[a-z]+\s+){0,2}?tuple", TupleOf(elements=())),
    (r"an?\s+(?:[a-z]+\s+){0,2}?(?:dictionary|dict)", DictOf(key=AnyKind(), value=AnyKind())),
    (r"an?\s+(?:[a-z]+\s+){0,2}?(?:integer|int)", Int()),
    (r"[`'\"]?(?:true|false)", Bool()),
)  # fmt: skip
"""Only wording that leaves little doubt: "returns true", "return a sorted list"."""


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What is known of a returned value.

    Attributes:
        kind: What the annotation or else the docstring names.
        none: Whether None may be returned.
    """

    kind: Kind
    none: bool

    def contradicted_by(self, value: object) -> bool:
        """Whether a value cannot be what was asked for."""
        return not self.none if value is None else contradicts(self.kind, value)


def declared_return(problem: Problem) -> Returned | None:
    """What the entry point returns by its annotation, else by its docstring.

    None for a problem without an entry point. An annotation is believed about None too; words
    exclude it where they ask to return something and nowhere speak of None.
    """
    name = problem.entry_point
    if name is None:
        return None
    header = function_header(problem.starter_code, name)
    if header is not None and (hint := re.search(r"\)\s*->(.*):$", header[0], re.DOTALL)):
        kind = kind_of_annotation(hint.group(1).strip())
        return Returned(kind=kind, none=not contradicts(kind, None))
    text = without_examples(docstring_of(problem.starter_code, name) or problem.statement, [name])
    kinds = [k for words, k in _WORDED if re.search(rf"(?i)\breturns?\s+{words}\b(?!')", text)]
    return Returned(
        kind=Union(options=tuple(kinds)) if kinds else AnyKind(),
        none=not re.search(r"(?i)\breturns?\b", text) or bool(re.search(r"(?i)\bnone\b", text)),
    )


def contradicts(kind: Kind, value: object) -> bool:
    """Whether a value cannot be of a kind. ``1``, ``1.0`` and ``True`` are one value."""
    match kind:
        case AnyKind():
            return False
        case NoneKind():
            return value is not None
        case Bool():
            return value not in (0, 1)
        case Int():
            return not (isinstance(value, int) or (isinstance(value, float) and value % 1 == 0))
        case Float():
            return not isinstance(value, int | float)
        case Str():
            return not isinstance(value, str)
        case ListOf(element=element):
            return not isinstance(value, list) or any(contradicts(element, item) for item in value)
        case SetOf():
            return not isinstance(value, set | frozenset)
        case DictOf():
            return not isinstance(value, dict)
        case TupleOf():
            return not isinstance(value, tuple)
        case Union(options=options):
            return all(contradicts(option, value) for option in options)
