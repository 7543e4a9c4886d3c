"""Intervals of names, narrowed by what inequalities say of them.

A small bounds-consistency solver: given ``1 <= k <= nums.length`` and a chosen length, it
knows where ``k`` may lie. Names stand for themselves, not for every element of a list.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..constraints import Relation
from ..expressions import Expr, Ref

Interval = tuple[float, float]
Key = tuple[str, tuple[str, ...], str]
FULL: Interval = (-math.inf, math.inf)
_ROUNDS = 16


class Contradiction(Exception):
    """No value is left for a name."""


@functools.lru_cache(maxsize=4096)
def key_of(ref: Ref) -> Key:
    """The name's place in a box: subscripts that are letters stand for any element.

    ``nums[i]`` and ``nums[j]`` share a place; ``grid[i][i]`` and ``nums[i + 1]`` have their own,
    which no element-wise bound touches.
    """
    letters = [sub for sub in ref.subs if not sub.isdigit()]
    if len(set(letters)) != len(letters) or any(not sub.isalpha() for sub in letters):
        return (ref.base, tuple("?" + sub for sub in ref.subs), ref.measure)
    return (ref.base, tuple(s if s.isdigit() else "*" for s in ref.subs), ref.measure)


@dataclass
class Box:
    """An interval for each name; names that are missing may be anything.

    Attributes:
        intervals: Inclusive ends by key.
        real: Names (by base) whose values need not be whole.
    """

    intervals: dict[Key, Interval] = field(default_factory=dict)
    real: frozenset[str] = frozenset()

    def copy(self) -> Box:
        """A box of its own with the same intervals."""
        return Box(dict(self.intervals), self.real)

    def get(self, key: Key) -> Interval:
        """The interval of a name."""
        if key in self.intervals:
            return self.intervals[key]
        return (0, math.inf) if key[2] == "length" else FULL

    def narrow(self, key: Key, low: float, high: float) -> bool:
        """Cut a name's interval down; whether that changed it.

        Raises:
            Contradiction: nothing is left.
        """
        old_low, old_high = self.get(key)
        if key[0] not in self.real:
            low, high = _up(low), _down(high)
        new = (max(old_low, low), min(old_high, high))
        if new[0] > new[1]:
            raise Contradiction(key)
        self.intervals[key] = new
        return new != (old_low, old_high)

    def propagate(self, relations: Iterable[Relation]) -> None:
        """Narrow by the relations until nothing changes (or long enough).

        Raises:
            Contradiction: they cannot all hold.
        """
        relations = list(relations)
        for _ in range(_ROUNDS):
            changed = [self._apply(relation) for relation in relations]
            if not any(changed):
                return

    def _apply(self, relation: Relation) -> bool:
        left = evaluate(relation.left, self._of)
        right = evaluate(relation.right, self._of)
        if relation.op == "!=":
            if left == right and left[0] == left[1]:
                raise Contradiction(str(relation))
            return False
        step = 1 if relation.op == "<" and self._whole(relation) else 0
        changed = self._push(relation.left, -math.inf, right[1] - step)
        changed |= self._push(relation.right, left[0] + step, math.inf)
        if relation.op == "==":
            changed |= self._push(relation.left, right[0], math.inf)
            changed |= self._push(relation.right, -math.inf, left[1])
        return changed

    def _of(self, ref: Ref) -> Interval:
        return self.get(key_of(ref))

    def _whole(self, relation: Relation) -> bool:
        return not any(
            ref.base in self.real for side in (relation.left, relation.right) for ref in side.refs()
        )

    def _push(self, expr: Expr, low: float, high: float) -> bool:
        """Narrow the names in an expression so that it can lie between the ends."""
        if expr.ref is not None:
            return self.narrow(key_of(expr.ref), low, high)
        if expr.op == "neg":
            return self._push(expr.args[0], -high, -low)
        if expr.op in ("min", "max"):
            ends = (low, math.inf) if expr.op == "min" else (-math.inf, high)
            changed = [self._push(arg, *ends) for arg in expr.args]
            return any(changed)
        if len(expr.args) != 2:
            value = evaluate(expr, self._of)
            if value[0] > high or value[1] < low:
                raise Contradiction(str(expr))
            return False
        return self._push_binary(expr, low, high)

    def _push_binary(self, expr: Expr, low: float, high: float) -> bool:
        left, right = expr.args
        a, b = evaluate(left, self._of), evaluate(right, self._of)
        if expr.op == "+":
            changed = self._push(left, low - b[1], high - b[0])
            return self._push(right, low - a[1], high - a[0]) or changed
        if expr.op == "-":
            changed = self._push(left, low + b[0], high + b[1])
            return self._push(right, a[0] - high, a[1] - low) or changed
        if expr.op == "*":
            changed = b[0] > 0 and self._push(left, *_quotient(low, high, b))
            return (a[0] > 0 and self._push(right, *_quotient(low, high, a))) or changed
        if expr.op == "/" and b[0] == b[1] and b[0] > 0:
            return self._push(left, low * b[0], high * b[0] + b[0] - 1)
        return False


def _quotient(low: float, high: float, by: Interval) -> Interval:
    """Where ``x`` lies when ``x * by`` lies between the ends and ``by`` is positive."""
    small, large = by
    new_high = _ratio(high, small, up=False) if high >= 0 else _ratio(high, large, up=False)
    new_low = _ratio(low, large, up=True) if low >= 0 else _ratio(low, small, up=True)
    return new_low, new_high


def _ratio(value: float, by: float, *, up: bool) -> float:
    if math.isinf(value):
        return value
    if math.isinf(by):
        return 0.0
    if isinstance(value, int) and isinstance(by, int):
        return -(-value // by) if up else value // by
    return value / by


def _up(value: float) -> float:
    return value if isinstance(value, int) or math.isinf(value) else math.ceil(value)


def _down(value: float) -> float:
    return value if isinstance(value, int) or math.isinf(value) else math.floor(value)


def evaluate(expr: Expr, lookup: Callable[[Ref], Interval]) -> Interval:
    """The interval in which an expression lies when its names lie in theirs."""
    if expr.op == "num":
        return (expr.number, expr.number)
    if expr.ref is not None:
        return lookup(expr.ref)
    sides = [evaluate(arg, lookup) for arg in expr.args]
    match expr.op:
        case "neg":
            return (-sides[0][1], -sides[0][0])
        case "min":
            return (min(s[0] for s in sides), min(s[1] for s in sides))
        case "max":
            return (max(s[0] for s in sides), max(s[1] for s in sides))
        case "+":
            return (sides[0][0] + sides[1][0], sides[0][1] + sides[1][1])
        case "-":
            return (sides[0][0] - sides[1][1], sides[0][1] - sides[1][0])
        case "*":
            products = [_times(x, y) for x in sides[0] for y in sides[1]]
            return (min(products), max(products))
        case "/" if sides[1][0] == sides[1][1] and sides[1][0] > 0:
            return (_floored(sides[0][0], sides[1][0]), _floored(sides[0][1], sides[1][0]))
        case "^" if sides[0][0] == sides[0][1] and sides[1][0] == sides[1][1]:
            return _power(sides[0][0], sides[1][0])
    return FULL


def _floored(value: float, by: float) -> float:
    return value if math.isinf(value) else value // by


def _times(left: float, right: float) -> float:
    return 0 if left == 0 or right == 0 else left * right


def _power(base: float, exponent: float) -> Interval:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if not whole or not 0 <= exponent <= 400 or abs(base) > 1000:
        return FULL
    value = int(base) ** int(exponent)
    return (value, value)
