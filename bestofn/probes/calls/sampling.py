"""Making argument tuples that satisfy a layout.

Lengths are chosen first, then single numbers, then elements; after each choice the intervals
of what is left are narrowed (:mod:`bestofn.probes.calls.boxes`), so that most draws fit at once.
What intervals cannot express is repaired or, failing that, drawn again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..constraints import Relation
from .boxes import Box, Contradiction, Interval, Key
from .kinds import ListOf, Str
from .layout import Layout, depth_of, leaf_of
from .repair import repair
from .trait_checks import base_of, divisor_of
from .values import ValueMaker

Style = Literal["random", "few", "equal", "ascending", "descending", "low", "high"]
_HUGE = 10**120


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What sort of values are wanted, where the demands leave a choice.

    Attributes:
        length: The largest length of a list or text.
        shortest: Whether lengths should be the least possible.
        span: How far numbers lie from the small end; None uses the whole range.
        style: How the elements of one list relate to each other.
        letters: How many different characters texts use; None for all.
        longest: Whether lengths should be as large as ``length`` allows.
    """

    length: int = 6
    shortest: bool = False
    longest: bool = False
    span: int | None = 10
    style: Style = "random"
    letters: int | None = 3


def sample(
    layout: Layout, rng: random.Random, profile: Profile, *, tries: int = 12
) -> tuple[Any, ...] | None:
    """Draw arguments that satisfy the layout.

    Args:
        layout: What they must satisfy.
        rng: Where chance comes from.
        profile: What is wanted.
        tries: After how many draws that do not fit to give up.

    Returns:
        The arguments, or None when some tries gave none that fit.
    """
    if layout.box is None:
        return None
    for _ in range(tries):
        try:
            arguments = Draw(layout, rng, profile).arguments()
        except Contradiction:
            continue
        if layout.accepts(arguments):
            return arguments
    return None


class Draw:
    """One attempt."""

    def __init__(self, layout: Layout, rng: random.Random, profile: Profile) -> None:
        assert layout.box is not None
        self.layout = layout
        self.rng = rng
        self.profile = profile
        self.box: Box = layout.box.copy()
        self.span = self._span()
        self._letters: list[str] = []
        self._ties = {
            one.ref.base: f"{other.ref.base}.length"
            for relation in layout.relations if relation.op == "=="
            for one, other in ((relation.left, relation.right), (relation.right, relation.left))
            if one.ref and other.ref and one.ref.measure == "value" and not other.ref.subs
        }  # fmt: skip

    def _span(self) -> int | None:
        span = self.profile.span
        return None if span is None else max(1, self.rng.choice((span, span, span // 3, span * 3)))

    def arguments(self) -> tuple[Any, ...]:
        """The drawn arguments.

        Raises:
            Contradiction: this attempt failed.
        """
        lengths, rows, numbers = self._keys()
        for group, choose in ((lengths, self.length), (rows, self.length)):
            self.rng.shuffle(group)
            for key in group:
                self.settle(self.box, key, choose)
        for key in numbers:
            self.settle(self.box, key, self._number_choice(key))
        maker = ValueMaker(self.layout, self.rng, self)
        values: dict[str, Any] = {}
        for name, kind in zip(self.layout.names, self.layout.kinds, strict=True):
            values[name] = maker.value(name, kind, values)
        repair(self.layout, values, self.rng)
        return tuple(values[name] for name in self.layout.names)

    def _keys(self) -> tuple[list[Key], list[Key], list[Key]]:
        lengths: list[Key] = []
        rows: list[Key] = []
        numbers: list[Key] = []
        for name, kind in zip(self.layout.names, self.layout.kinds, strict=True):
            if isinstance(kind, ListOf | Str):
                lengths.append((name, (), "length"))
                if isinstance(kind, ListOf) and isinstance(kind.element, ListOf):
                    rows.append((name, ("*",), "length"))
            if depth_of(kind) == 0 and (name, (), "value") in self.box.intervals:
                numbers.append((name, (), "value"))
        free = [
            key for key in self.box.intervals
            if key[0] not in self.layout.names and key[1:] == ((), "value")
        ]  # fmt: skip
        self.rng.shuffle(numbers)
        # Numbers that other text names are sizes: choosing them after lengths keeps both small.
        return lengths, rows, sorted(free) + numbers

    def settle(
        self,
        box: Box,
        key: Key,
        choose: Callable[[Key, Interval], float],
        *,
        relations: Sequence[Relation] | None = None,
    ) -> float:
        """Choose a value for a name and tell the other names.

        Raises:
            Contradiction: the choice cannot be.
        """
        value = choose(key, box.get(key))
        box.narrow(key, value, value)
        box.propagate(self.layout.relations if relations is None else relations)
        return value

    def length(self, key: Key, ends: Interval) -> float:
        """A length from a range."""
        usual = self.layout.usual.get(key)
        if usual is not None and not self.profile.longest:
            ends = _overlap(ends, usual)
        low, high = int(ends[0]), ends[1]
        limit = max(low, self._limit(key))
        top = int(min(high, limit))
        if self.profile.shortest:
            top = min(top, low + 1)
            return self.rng.randint(low, top) if self.rng.random() < 0.3 else low
        value = top if self.profile.longest else self.rng.randint(low, top)
        return self._on_grid(key, value, low, int(min(high, limit * 2)))

    def _limit(self, key: Key) -> int:
        """The largest length wanted: ``profile.length`` elements in all, inner lists counted."""
        limit = self.profile.length
        name, stars, _ = key
        if not self.profile.longest:
            return round(limit**0.75) if stars else limit
        depth = depth_of(self.layout.kind(name)) + isinstance(leaf_of(self.layout.kind(name)), Str)
        if stars:
            outer = self.box.get((name, stars[1:], "length"))[1]
            return max(1, int(limit // max(1.0, outer)) - 1)
        if depth < 2:
            return limit
        low, high = self.box.get((name, ("*",), "length"))
        return int(limit // (max(low, min(high, math.isqrt(limit) - 1)) + 1))

    def _on_grid(self, key: Key, value: int, low: int, high: int) -> int:
        """The value moved to the nearest multiple that a trait asks for."""
        subject = key[0] + "[i]" * len(key[1]) + (".length" if key[2] == "length" else "")
        for trait in self.layout.constraints.traits:
            if subject not in (trait.subject.replace("[j]", "[i]"), self._ties.get(trait.subject)):
                continue
            if trait.name == "odd" and value % 2 == 0:
                value += 1 if value + 1 <= high else -1
            by = divisor_of(trait, {}, self.box) if trait.name == "multiple_of" else None
            if by:
                value -= value % by
                value = value + by if value < low else value
        return value

    def _number_choice(self, key: Key) -> Callable[[Key, Interval], float]:
        """How to choose a single number: a divisor where one is asked for, else any."""
        for trait in self.layout.constraints.traits:
            if trait.name != "multiple_of" or str(trait.value) != key[0]:
                continue
            measure = "length" if trait.subject.endswith(".length") else "value"
            ends = self.box.get((base_of(trait.subject), (), measure))
            if ends[0] == ends[1] and 0 < ends[0] <= 10**6:
                return lambda _, range_: self.rng.choice(
                    [d for d in _divisors(int(ends[0])) if range_[0] <= d <= range_[1]] or [1]
                )
        return self._any_number

    def _any_number(self, key: Key, ends: Interval) -> float:
        value = self.number(key, ends)
        if key[0] in self.box.real:
            return value
        low, high = max(ends[0], -_HUGE), min(ends[1], _HUGE)
        return self._on_grid(key, int(value), int(low), int(high))

    def window(self, key: Key, ends: Interval) -> Interval:
        """The part of a range that the profile prefers."""
        usual = self.layout.usual.get(key)
        if usual is not None:
            ends = _overlap(ends, usual)
        low, high = ends
        if math.isinf(low) and math.isinf(high):
            low, high = -50, 100
        elif math.isinf(low):
            low = high - 100
        elif math.isinf(high):
            high = low + 100
        if self.span is None or high - low <= self.span:
            return low, high
        if low < 0 < high:
            return max(low, -self.span), min(high, self.span)
        return (low, low + self.span) if low >= 0 else (high - self.span, high)

    def letters(self, alphabet: str, count: int) -> list[str]:
        """Some characters of an alphabet, the same for all the texts of this draw."""
        self._letters = self._letters or self.rng.sample(alphabet, count)
        shared = [char for char in self._letters if char in alphabet]
        return shared if len(shared) == count else self.rng.sample(alphabet, count)

    def number(self, key: Key, ends: Interval) -> float:
        """A number from a range."""
        low, high = self.window(key, ends)
        if key[0] in self.box.real:
            places = self.rng.choice((0, 1, 1, 2))
            value = round(self.rng.uniform(low, high), places)
            return float(min(max(value, low), high))
        low, high = math.ceil(low), math.floor(high)
        if low > high:
            raise Contradiction(key)
        if self.profile.style == "high":
            return high
        if self.profile.style == "low":
            return low
        if self.rng.random() < 0.08:
            return self.rng.choice((low, high))
        return self.rng.randint(low, high)


def _overlap(ends: Interval, usual: Interval) -> Interval:
    low, high = max(ends[0], usual[0]), min(ends[1], usual[1])
    return (low, high) if low <= high else ends


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})


def size_of(value: Any) -> int:
    """How many numbers and characters a value holds, all in all."""
    if isinstance(value, str):
        return max(1, len(value))
    if isinstance(value, Mapping):
        return sum(size_of(k) + size_of(v) for k, v in value.items())
    if isinstance(value, list | tuple | set):
        if not any(
            issubclass(kind, str | Mapping | list | tuple | set) for kind in set(map(type, value))
        ):
            return len(value) + 1
        return sum(size_of(item) for item in value) + 1
    return 1


def has_finite_sizes(layout: Layout) -> bool:
    """Whether every list and text has an upper bound on its length."""
    if layout.box is None:
        return False
    for name, kind in zip(layout.names, layout.kinds, strict=True):
        depth = depth_of(kind)
        text = isinstance(leaf_of(kind), Str)
        stars = ("*",) * depth
        if text and (
            layout.traits(name, "options", "shuffle_of")
            or math.isfinite(layout.box.get((name, stars, "value"))[1])
        ):
            text = False
        for level in range(depth + text):
            if math.isinf(layout.box.get((name, ("*",) * level, "length"))[1]):
                return False
    return True
