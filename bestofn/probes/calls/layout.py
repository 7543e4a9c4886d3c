"""What a tuple of arguments must satisfy, and whether one does."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..constraints import Relation
from ..expressions import Ref
from .boxes import Box, Contradiction, Interval, Key, evaluate, key_of
from .kinds import Float, Int, Kind, ListOf, Str, Union, fits
from .leetcode_constraints import CallConstraints, Rule
from .trait_checks import base_of, has_trait, length_of, number_of, parts_at
from .traits import Trait

_MAX_BINDINGS = 4_000
_OFFSET = re.compile(r"([A-Za-z])\s*([-+])\s*(\d+)")


@dataclass(frozen=True)
class Layout:
    """Parameters with their kinds, and what holds between them.

    Attributes:
        names: The parameters.
        kinds: One kind each; its bounds are part of the demands.
        constraints: Further demands.
        usual: Ranges that are likely sensible where nothing is demanded.
        ragged: Parameters whose inner lists may differ in length.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    constraints: CallConstraints = field(default_factory=CallConstraints)
    usual: Mapping[Key, Interval] = field(default_factory=dict)
    ragged: frozenset[str] = frozenset()

    @cached_property
    def box(self) -> Box | None:
        """What the demands leave for each name, or None when they contradict each other."""
        box = Box(real=frozenset(n for n, k in self._parts() if isinstance(leaf_of(k), Float)))
        try:
            for name, kind in self._parts():
                _bound(box, name, kind, 0)
            box.propagate(self.relations)
        except Contradiction:
            return None
        return box

    @cached_property
    def relations(self) -> list[Relation]:
        """The inequalities that hold for every element."""
        return [
            rule.relation
            for rule in self.constraints.rules
            if not rule.some and not rule.start and not _is_special(rule)
        ]

    @cached_property
    def special(self) -> list[Rule]:
        """Inequalities about single elements, neighbours or some element."""
        return [
            rule
            for rule in self.constraints.rules
            if rule.some or rule.start or _is_special(rule)
        ]  # fmt: skip

    def _parts(self) -> list[tuple[str, Kind]]:
        return list(zip(self.names, self.kinds, strict=True))

    def kind(self, name: str) -> Kind:
        """The kind of a parameter."""
        return self.kinds[self.names.index(name)]

    def traits(self, name: str, *properties: str) -> list[Trait]:
        """The traits of a parameter (or of its parts) with one of the property names."""
        return [
            trait
            for trait in self.constraints.traits
            if base_of(trait.subject) == name and trait.name in properties
        ]

    def accepts(self, arguments: Sequence[Any]) -> bool:
        """Whether the arguments satisfy all the demands that can be checked."""
        if len(arguments) != len(self.names):
            return False
        if not all(fits(kind, item) for kind, item in zip(self.kinds, arguments, strict=True)):
            return False
        values = dict(zip(self.names, arguments, strict=True))
        if not all(n in self.ragged or is_rectangular(value) for n, value in values.items()):
            return False
        box = self._box_of(values)
        if box is None:
            return False
        return all(_holds(rule, values, box) for rule in self.constraints.rules) and all(
            has_trait(trait, values, box) for trait in self.constraints.traits
        )

    def _box_of(self, values: Mapping[str, Any]) -> Box | None:
        """Points for what the arguments fix, intervals for other names such as ``n``."""
        if self.box is None:
            return None
        box = self.box.copy()
        whole = [r for r in self.relations if not any(key_of(ref)[1] for ref in refs_of(r))]
        try:
            for name, value in values.items():
                for key, number in (
                    ((name, (), "length"), length_of(value)),
                    ((name, (), "value"), number_of(value)),
                ):
                    if number is not None:
                        box.narrow(key, number, number)
            box.propagate(whole)
        except Contradiction:
            return None
        return box


def is_rectangular(value: Any) -> bool:
    """Whether the inner lists of a list, if it has any, are equally long."""
    if not isinstance(value, list):
        return True
    return len({len(row) for row in value if isinstance(row, list)}) < 2


def refs_of(relation: Relation) -> list[Ref]:
    """The names in an inequality."""
    return [*relation.left.refs(), *relation.right.refs()]


def _is_special(rule: Rule) -> bool:
    for ref in refs_of(rule.relation):
        key = key_of(ref)[1]
        if any(sub.startswith("?") for sub in key) or (key and key[0].isdigit()):
            return True
    return False


def leaf_of(kind: Kind) -> Kind:
    """What the lists of a kind hold in the end."""
    while isinstance(kind, ListOf):
        kind = kind.element
    return kind


def depth_of(kind: Kind) -> int:
    """How many lists are nested around the leaf."""
    depth = 0
    while isinstance(kind, ListOf):
        kind, depth = kind.element, depth + 1
    return depth


def _bound(box: Box, name: str, kind: Kind, depth: int) -> None:
    stars = ("*",) * depth
    if isinstance(kind, Union):
        return
    if isinstance(kind, ListOf | Str):
        high = math.inf if kind.max_length is None else kind.max_length
        box.narrow((name, stars, "length"), kind.min_length, high)
    if isinstance(kind, ListOf):
        _bound(box, name, kind.element, depth + 1)
    if isinstance(kind, Int | Float) and (kind.low is not None or kind.high is not None):
        low = -math.inf if kind.low is None else kind.low
        box.narrow((name, stars, "value"), low, math.inf if kind.high is None else kind.high)


def _holds(rule: Rule, values: Mapping[str, Any], box: Box) -> bool:
    """Whether a rule is not certainly broken."""
    refs = refs_of(rule.relation)
    if not rule.some and not rule.start:
        quick = _holds_for_ends(rule, values, box)
        if quick is not None:
            return quick
    letters = list(
        dict.fromkeys(
            match.group() for ref in refs for sub in ref.subs
            if (match := re.match(r"[A-Za-z]", sub)) and (len(sub) == 1 or _OFFSET.fullmatch(sub))
        )
    )  # fmt: skip
    ranges = [_range_of(letter, refs, values, rule.start) for letter in letters]
    results = []
    size = math.prod(map(len, ranges))
    step = max(1, size // _MAX_BINDINGS) | 1
    for number in range(0, size, step):
        numbers = _digits(number, ranges)
        binding = dict(zip(letters, numbers, strict=True))
        found = _compare(rule, values, box, binding)
        if found is None:
            continue
        if not rule.some and not found:
            return False
        results.append(found)
    return not rule.some or any(results)


def _digits(number: int, ranges: Sequence[range]) -> list[int]:
    """The ``number``-th choice of one member from each range."""
    chosen = []
    for one in reversed(ranges):
        number, place = divmod(number, len(one))
        chosen.append(one[place])
    return chosen[::-1]


def _holds_for_ends(rule: Rule, values: Mapping[str, Any], box: Box) -> bool | None:
    """Whether elements are within one bound, by their least and largest; None if that differs."""
    relation = rule.relation
    for term, other in ((relation.left, relation.right), (relation.right, relation.left)):
        ref = term.ref
        if ref is None or not ref.subs or ref.base not in values or relation.op not in ("<", "<="):
            continue
        if len(set(ref.subs)) != len(ref.subs) or any(r.subs for r in other.refs()):
            continue
        if not all(re.fullmatch(r"[A-Za-z]|\d+", sub) for sub in ref.subs) or ref.subs[0].isdigit():
            continue
        path = "".join(f"[{sub}]" for sub in ref.subs)
        measure = length_of if ref.measure == "length" else number_of
        parts = parts_at(path, values[ref.base])
        numbers = [n for n in map(measure, parts) if n is not None]
        if len(numbers) < len(parts) and any(isinstance(part, str) for part in parts):
            return False
        bound = evaluate(other, lambda r: _whole(r, values, box))
        if not numbers:
            return True
        if term is relation.left:
            return max(numbers) < bound[1] or (relation.op == "<=" and max(numbers) == bound[1])
        return min(numbers) > bound[0] or (relation.op == "<=" and min(numbers) == bound[0])
    return None


def _whole(ref: Ref, values: Mapping[str, Any], box: Box) -> Interval:
    """What a name without subscripts lies between."""
    value = values.get(ref.base)
    number = length_of(value) if ref.measure == "length" else number_of(value)
    return box.get(key_of(ref)) if number is None else (number, number)


def _range_of(letter: str, refs: Sequence[Ref], values: Mapping[str, Any], start: int) -> range:
    longest = 0
    for ref in refs:
        level: list[Any] = [values.get(ref.base)]
        for sub in ref.subs:
            sizes = [len(item) for item in level if isinstance(item, list | str)]
            if sub.startswith(letter) and sizes:
                longest = max(longest, *sizes)
            level = [one for item in level if isinstance(item, list) for one in item[:50]]
    return range(start, longest)


def _compare(
    rule: Rule, values: Mapping[str, Any], box: Box, binding: Mapping[str, int]
) -> bool | None:
    """Whether the relation holds for one choice of indices; None when it does not apply."""
    missing = broken = False

    def lookup(ref: Ref) -> Interval:
        nonlocal missing, broken
        if ref.base not in values:
            return box.get(key_of(ref))
        value = values[ref.base]
        for sub in ref.subs:
            index = _index(sub, binding)
            if index is None or not isinstance(value, list | str) or not 0 <= index < len(value):
                missing = True
                return (0, 0)
            value = value[index]
        number = length_of(value) if ref.measure == "length" else number_of(value)
        if number is None:
            # A text that should spell a number and does not.
            missing, broken = True, broken or isinstance(value, str)
            return (0, 0)
        return (number, number)

    left, right = evaluate(rule.relation.left, lookup), evaluate(rule.relation.right, lookup)
    if missing:
        return False if broken else None
    match rule.relation.op:
        case "<":
            return left[0] < right[1]
        case "<=":
            return left[0] <= right[1]
        case "==":
            return left[0] <= right[1] and right[0] <= left[1]
        case "!=":
            return not (left[0] == left[1] == right[0] == right[1])
    return None


def _index(sub: str, binding: Mapping[str, int]) -> int | None:
    if sub.isdigit():
        return int(sub)
    if sub in binding:
        return binding[sub]
    offset = _OFFSET.fullmatch(sub)
    if offset is None or offset.group(1) not in binding:
        return None
    step = int(offset.group(3))
    return binding[offset.group(1)] + (step if offset.group(2) == "+" else -step)
