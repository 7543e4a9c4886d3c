"""Values of expressions over a whole input at once."""

from __future__ import annotations

from itertools import count, takewhile
from typing import Any

import numpy as np

from ..expressions import Expr, Ref
from .grammar import Env

_SAFE = 2**62


class CannotEvaluate(Exception):
    """A relation mixes subscripts in a way that is not supported."""


def find_list(env: Env, base: str) -> tuple[Any, int] | None:
    """A list by name from here or above, and its first subscript."""
    scope: Env | None = env
    while scope is not None:
        if base in scope.lists:
            return scope.lists[base], scope.starts.get(base, 1)
        if f"{base}_1" in scope.scalars:
            # "V_1 V_2 V_3" written out is a list too.
            names = (f"{base}_{number}" for number in count(1))
            return [scope.scalars[n] for n in takewhile(scope.scalars.__contains__, names)], 1
        scope = scope.parent
    return None


def as_array(values: Any) -> Any:
    """An array of integers, of Python's own where 64 bits do not do."""
    if isinstance(values, np.ndarray):
        return values
    if values and max(map(abs, values)) >= _SAFE:
        return np.array(values, dtype=object)
    return np.array(values, dtype=np.int64)


def _measure(values: Any, ref: Ref) -> Any:
    """Numbers for a list: lengths of texts, absolute values between bars."""
    if isinstance(values, np.ndarray):
        return np.abs(values) if ref.measure == "bars" else values
    if any(isinstance(value, str) for value in values):
        if ref.measure not in ("length", "bars", "sum"):
            raise CannotEvaluate
        return [len(str(value)) for value in values]
    if ref.measure == "bars":
        return [abs(int(value)) for value in values]
    return list(values)


def split_index(sub: str) -> tuple[str, int] | None:
    """``("i", 1)`` for the subscript ``i+1``; None when it is not of that form."""
    name, sign, rest = sub.replace(" ", "").partition("+" if "+" in sub else "-")
    if not name.isalpha() or len(name) > 3 or (sign and not rest.isdecimal()):
        return None
    return name, (int(rest) if rest else 0) * (-1 if sign == "-" else 1)


class Evaluator:
    """Evaluates expressions over all values of one subscript at once.

    Args:
        env: Where names are looked up.
        spans: For each subscript, its first and last value; filled by :meth:`survey`.
    """

    def __init__(self, env: Env) -> None:
        self.env = env
        self.spans: dict[str, tuple[int, int]] = {}
        self.table: tuple[str, tuple[str, str]] | None = None

    def survey(self, *exprs: Expr) -> bool:
        """Learns over which subscripts the expressions run; False when a name is unknown."""
        loose = []
        for ref in (ref for expr in exprs for ref in expr.refs()):
            if ref.measure == "sum":
                if find_list(self.env, ref.base) is None:
                    return False
                continue
            if self._scalar(ref) is not None:
                continue
            found = find_list(self.env, ref.base)
            if found is not None and len(ref.subs) <= 1:
                index = split_index(ref.subs[0]) if ref.subs else ("*", 0)
                if index is None:
                    raise CannotEvaluate
                first, last = found[1] - index[1], found[1] + len(found[0]) - 1 - index[1]
                old = self.spans.get(index[0], (first, last))
                self.spans[index[0]] = (max(first, old[0]), min(last, old[1]))
            elif ref.base in self.env.rows:
                if len(set(ref.subs)) != 2 or not all(sub.isalpha() for sub in ref.subs):
                    raise CannotEvaluate
                if self.table not in (None, (ref.base, ref.subs)):
                    raise CannotEvaluate
                self.table = (ref.base, (ref.subs[0], ref.subs[1]))
            else:
                loose.append(ref)
        if any(ref.text not in self.spans for ref in loose) and not self.table:
            return False
        if self.table:
            if any(ref.text not in self.table[1][:1] for ref in loose):
                return False
            if not set(self.spans) <= {self.table[1][0]} or split_index(self.table[1][0]) is None:
                raise CannotEvaluate
        elif len(self.spans) > 1:
            raise CannotEvaluate
        return True

    def _scalar(self, ref: Ref) -> int | None:
        return self.env.lookup()(ref)

    def value(self, expr: Expr) -> Any:
        """A number, or an array with one entry for each value of the subscript."""
        if expr.op == "num":
            return expr.number
        if expr.ref is not None:
            return self._ref(expr.ref)
        values = [self.value(arg) for arg in expr.args]
        if expr.op == "neg":
            return -values[0]
        if expr.op in ("min", "max"):
            choose = np.minimum if expr.op == "min" else np.maximum
            result = values[0]
            for other in values[1:]:
                result = choose(result, other)
            return result
        left, right = values
        try:
            return self._apply(expr.op, left, right)
        except OverflowError as error:
            raise CannotEvaluate from error

    def _apply(self, op: str, left: Any, right: Any) -> Any:
        if op == "/":
            return left // right if np.all(right) else 0
        if op == "^":
            if np.ndim(left) or np.ndim(right):
                raise CannotEvaluate
            plain = Expr(
                op="^", args=(Expr(op="num", number=int(left)), Expr(op="num", number=int(right)))
            )
            result = plain.value()
            if result is None:
                raise CannotEvaluate
            return result
        return left + right if op == "+" else left - right if op == "-" else left * right

    def _ref(self, ref: Ref) -> Any:
        if ref.measure == "sum":
            found = find_list(self.env, ref.base)
            assert found is not None
            return sum(int(value) for value in _measure(found[0], ref))
        scalar = self._scalar(ref)
        if scalar is not None:
            return scalar
        if self.table and ref.base == self.table[0]:
            rows = [as_array(_measure(row, ref)) for row in self.env.rows[ref.base]]
            return np.concatenate(rows) if rows else as_array([])
        found = find_list(self.env, ref.base)
        if found is None:
            first, last = self.spans.get(ref.text) or self._table_span()
            numbers = np.arange(first, last + 1)
        else:
            index = split_index(ref.subs[0]) if ref.subs else ("*", 0)
            assert index is not None
            first, last = self.spans[index[0]]
            start = first + index[1] - found[1]
            numbers = as_array(_measure(found[0][start : start + max(last - first + 1, 0)], ref))
        if self.table:
            widths = [len(row) for row in self.env.rows[self.table[0]]]
            if len(widths) != len(numbers):
                raise CannotEvaluate
            return np.repeat(numbers, widths)
        return numbers

    def _table_span(self) -> tuple[int, int]:
        assert self.table is not None
        return 1, len(self.env.rows[self.table[0]])
