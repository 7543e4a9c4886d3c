"""What an argument looks like: a small language of types with bounds.

A kind says both what may be generated and, through :func:`fits`, what may be accepted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Order = Literal["", "ascending", "descending"]


@dataclass(frozen=True, kw_only=True)
class Int:
    """A whole number between two inclusive ends; None is open."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, kw_only=True)
class Float:
    """A real number between two inclusive ends; None is open. Whole numbers count too."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bool:
    """True or False."""


@dataclass(frozen=True, kw_only=True)
class NoneKind:
    """None."""


@dataclass(frozen=True, kw_only=True)
class AnyKind:
    """A plain value of no particular type."""


@dataclass(frozen=True, kw_only=True)
class Str:
    """Text.

    Attributes:
        min_length, max_length: In characters; None is open.
        alphabet: The characters it may hold; empty when nothing is known.
        options: The only values it may take; empty when it is free.
        numeric: Whether it spells a number.
        templates: Texts that were seen, to be varied.
        fixed_shape: Whether all of them follow one pattern of words, digits and signs.
    """

    min_length: int = 0
    max_length: int | None = None
    alphabet: str = ""
    options: tuple[str, ...] = ()
    numeric: bool = False
    templates: tuple[str, ...] = ()
    fixed_shape: bool = False


@dataclass(frozen=True, kw_only=True)
class ListOf:
    """A list.

    Attributes:
        element: What it holds.
        min_length, max_length: Number of elements; None is open.
        order: Whether it is sorted.
        unique: Whether no two elements are equal.
    """

    element: Kind
    min_length: int = 0
    max_length: int | None = None
    order: Order = ""
    unique: bool = False


@dataclass(frozen=True, kw_only=True)
class TupleOf:
    """A tuple with a kind for each place."""

    elements: tuple[Kind, ...]


@dataclass(frozen=True, kw_only=True)
class DictOf:
    """A dictionary."""

    key: Kind
    value: Kind


@dataclass(frozen=True, kw_only=True)
class SetOf:
    """A set."""

    element: Kind


@dataclass(frozen=True, kw_only=True)
class Union:
    """One of several kinds; ``Optional[X]`` is a union with :class:`NoneKind`."""

    options: tuple[Kind, ...]


Kind = (
    Int | Float | Bool | NoneKind | AnyKind | Str | ListOf | TupleOf | DictOf | SetOf | Union
)  # fmt: skip


def kind_of(value: Any) -> Kind:
    """The kind of one value, without bounds."""
    match value:
        case None:
            return NoneKind()
        case bool():
            return Bool()
        case int():
            return Int()
        case float():
            return Float()
        case str():
            return Str()
        case list():
            return ListOf(element=common_kind(value))
        case tuple():
            return TupleOf(elements=tuple(kind_of(item) for item in value))
        case dict():
            return DictOf(key=common_kind(value.keys()), value=common_kind(value.values()))
        case set() | frozenset():
            return SetOf(element=common_kind(value))
        case _:
            return AnyKind()


def common_kind(values: Iterable[Any]) -> Kind:
    """One kind that all the values have; :class:`AnyKind` for no values at all."""
    kind: Kind | None = None
    for value in values:
        kind = kind_of(value) if kind is None else merge(kind, kind_of(value))
    return AnyKind() if kind is None else kind


def merge(left: Kind, right: Kind) -> Kind:
    """A kind that covers both, bounds dropped; :class:`AnyKind` yields to what is known."""
    left, right = unbounded(left), unbounded(right)
    if left == right or isinstance(right, AnyKind):
        return left
    if isinstance(left, AnyKind):
        return right
    match left, right:
        case (Int(), Float()) | (Float(), Int()):
            return Float()
        case ListOf(element=a), ListOf(element=b):
            return ListOf(element=merge(a, b))
        case SetOf(element=a), SetOf(element=b):
            return SetOf(element=merge(a, b))
        case DictOf(key=a, value=c), DictOf(key=b, value=d):
            return DictOf(key=merge(a, b), value=merge(c, d))
        case TupleOf(elements=a), TupleOf(elements=b) if len(a) == len(b):
            return TupleOf(elements=tuple(merge(x, y) for x, y in zip(a, b, strict=True)))
    return _join(left, right)


def _join(left: Kind, right: Kind) -> Kind:
    joined: list[Kind] = []
    for part in (left, right):
        for option in part.options if isinstance(part, Union) else (part,):
            for place, known in enumerate(joined):
                if known == option or _combine(known, option):
                    joined[place] = merge(known, option)
                    break
            else:
                joined.append(option)
    return joined[0] if len(joined) == 1 else Union(options=tuple(joined))


def _combine(left: Kind, right: Kind) -> bool:
    """Whether two kinds merge into one that is not a union of the two."""
    if isinstance(left, Int | Float) and isinstance(right, Int | Float):
        return True
    if isinstance(left, TupleOf) and isinstance(right, TupleOf):
        return len(left.elements) == len(right.elements)
    return type(left) is type(right) and isinstance(left, ListOf | SetOf | DictOf)


def unbounded(kind: Kind) -> Kind:
    """The kind with its bounds taken off, at every depth."""
    match kind:
        case Int():
            return Int()
        case Float():
            return Float()
        case Str():
            return Str()
        case ListOf(element=element):
            return ListOf(element=unbounded(element))
        case SetOf(element=element):
            return SetOf(element=unbounded(element))
        case DictOf(key=key, value=value):
            return DictOf(key=unbounded(key), value=unbounded(value))
        case TupleOf(elements=elements):
            return TupleOf(elements=tuple(unbounded(item) for item in elements))
        case Union(options=options):
            return Union(options=tuple(unbounded(item) for item in options))
    return kind


def describe(kind: Kind) -> str:
    """The kind as a type annotation, without its bounds: ``list[int]``."""
    match kind:
        case NoneKind():
            return "None"
        case AnyKind():
            return "Any"
        case ListOf(element=element):
            return f"list[{describe(element)}]"
        case SetOf(element=element):
            return f"set[{describe(element)}]"
        case DictOf(key=key, value=value):
            return f"dict[{describe(key)}, {describe(value)}]"
        case TupleOf(elements=elements):
            return f"tuple[{', '.join(describe(item) for item in elements)}]"
        case Union(options=options):
            return " | ".join(describe(item) for item in options)
    return type(kind).__name__.lower()


def fits(kind: Kind, value: Any) -> bool:
    """Whether a value is of the kind and within its bounds."""
    match kind:
        case AnyKind():
            return True
        case NoneKind():
            return value is None
        case Bool():
            return isinstance(value, bool)
        case Int(low=low, high=high):
            return type(value) is int and _within(value, low, high)
        case Float(low=low, high=high):
            real = type(value) in (int, float) and math.isfinite(value)
            return real and _within(value, low, high)
        case Str():
            return isinstance(value, str) and _text_fits(kind, value)
        case ListOf():
            return isinstance(value, list) and _list_fits(kind, value)
        case TupleOf(elements=elements):
            return (
                isinstance(value, tuple)
                and len(value) == len(elements)
                and all(fits(one, item) for one, item in zip(elements, value, strict=True))
            )
        case DictOf(key=key_kind, value=value_kind):
            return isinstance(value, dict) and all(
                fits(key_kind, k) and fits(value_kind, v) for k, v in value.items()
            )
        case SetOf(element=element):
            return isinstance(value, set) and all(fits(element, item) for item in value)
        case Union(options=options):
            return any(fits(option, value) for option in options)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _text_fits(kind: Str, value: str) -> bool:
    if kind.options:
        return value in kind.options
    if not _within(len(value), kind.min_length, kind.max_length):
        return False
    free = kind.fixed_shape or kind.numeric or not kind.alphabet
    return free or set(value) <= set(kind.alphabet)


def _list_fits(kind: ListOf, value: list[Any]) -> bool:
    if not _within(len(value), kind.min_length, kind.max_length):
        return False
    if isinstance(kind.element, Int) and value:
        # Whole at once: the lists of stress inputs are long.
        if set(map(type, value)) != {int} or not (
            fits(kind.element, min(value)) and fits(kind.element, max(value))
        ):
            return False
    elif not all(fits(kind.element, item) for item in value):
        return False
    if kind.unique and not all_different(value):
        return False
    return not kind.order or is_ordered(value, descending=kind.order == "descending")


def all_different(values: Sequence[Any]) -> bool:
    """Whether no two values are equal, hashable or not."""
    return len({repr(value) for value in values}) == len(values)


def is_ordered(values: Sequence[Any], *, descending: bool = False) -> bool:
    """Whether the values are sorted; False for values that cannot be compared."""
    pairs = itertools.pairwise(reversed(values) if descending else values)
    try:
        return all(a <= b for a, b in pairs)
    except TypeError:
        return False
