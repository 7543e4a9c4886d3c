"""Whether the values of an input obey what the statement says of them.

The same checks accept the public samples (or else the reading of the statement is wrong and
is not used) and every input that is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, takewhile
from typing import Any

import numpy as np

from bestofn.probes.constraints import Relation
from bestofn.probes.expressions import Expr, Ref
from bestofn.probes.facts import Facts
from bestofn.probes.graphs import Edges, edge_columns, graph_holds
from bestofn.probes.stdin_grammar import Env, Node, Value, plain, scalar_name

_OPERATORS: dict[str, Any] = {
    "<": np.less,
    "<=": np.less_equal,
    "!=": np.not_equal,
    "==": np.equal,
}
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
    if not name.isalpha() or len(name) > 3 or (sign and not rest.isdigit()):
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
        if expr.op == "/":
            return left // right if np.all(right) else 0
        if expr.op == "^":
            plain = Expr(op="^", args=(Expr(op="num", number=int(left)),
                                       Expr(op="num", number=int(right))))
            result = plain.value()
            if result is None:
                raise CannotEvaluate
            return result
        return left + right if expr.op == "+" else left - right if expr.op == "-" else left * right

    def _ref(self, ref: Ref) -> Any:
        if ref.measure == "sum":
            found = find_list(self.env, ref.base)
            assert found is not None
            return int(sum(plain(_measure(found[0], ref))))
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


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What must hold of every input.

    Attributes:
        facts: What the statement says.
        grammar: The layout.
        numeric: Base names whose tokens are integers.
    """

    facts: Facts
    grammar: tuple[Node, ...]
    numeric: frozenset[str]

    @cached_property
    def relations_list(self) -> list[tuple[Relation, frozenset[int] | None]]:
        """The relations of the facts, worked out once."""
        return self.facts.relations()

    @cached_property
    def edges(self) -> Edges | None:
        """Where the input holds a graph."""
        return edge_columns(self.grammar, self.facts)

    def hold(self, env: Env) -> bool:
        """Whether an input obeys every rule that could be read."""
        return self._hold_in(env, None) and self._totals_hold(env) and all(
            self._hold_in(member, kind) for kind, member in env.members
        )

    def _hold_in(self, env: Env, kind: int | None) -> bool:
        return (
            all(np.all(held) for _, held in self.relations(env, kind))
            and all(self._texts_hold(env))
            and all(self._lists_hold(env))
            and graph_holds(self.facts, env, self.edges)
        )

    def relations(self, env: Env, kind: int | None) -> Iterator[tuple[Relation, Any]]:
        """Each relation that speaks of these values, and where it holds."""
        for relation, kinds in self.relations_list:
            if kinds is not None and kind not in kinds:
                continue
            if env.parent is not None and not _speaks_of(relation, env):
                continue
            evaluator = Evaluator(env)
            try:
                if not evaluator.survey(relation.left, relation.right):
                    continue
                left, right = evaluator.value(relation.left), evaluator.value(relation.right)
            except CannotEvaluate:
                continue
            yield relation, _OPERATORS[relation.op](left, right)

    def _texts_hold(self, env: Env) -> Iterator[bool]:
        for base, characters in self.facts.alphabets.items():
            allowed = set(characters)
            yield all(set(str(value)) <= allowed for value in tokens_of(env, base))
        for base, words in self.facts.words.items():
            yield all(str(value) in words for value in tokens_of(env, base))
        for base, odd in self.facts.parity.items():
            yield all(int(value) % 2 == odd for value in tokens_of(env, base))

    def _lists_hold(self, env: Env) -> Iterator[bool]:
        for mode, bases in self.facts.distinct:
            if mode in ("tuple", "set") and all(base in env.lists for base in bases):
                yield not repeated([env.lists[base] for base in bases], mode)
                continue
            columns = [tokens_of(env, base) for base in bases]
            if not all(columns):
                continue
            if mode == "rows":
                yield all(len(row) == len(set(plain(row))) for row in env.rows.get(bases[0], []))
            elif mode == "joint":
                values = [value for column in columns for value in column]
                yield len(values) == len(set(values))
            elif len({len(column) for column in columns}) == 1:
                yield not repeated(columns, mode)
        for base, strict in self.facts.ordered.items():
            for values in [
                *([env.lists[base]] if base in env.lists else []),
                *env.rows.get(base, []),
            ]:
                array = as_array(values)
                yield bool(np.all(array[:-1] < array[1:] if strict else array[:-1] <= array[1:]))
        for base in self.facts.permutations:
            for values in [env.lists[base]] if base in env.lists else []:
                yield sorted(map(int, values)) == list(range(1, len(values) + 1))

    def _totals_hold(self, env: Env) -> bool:
        for ref, limit in self.facts.totals:
            top = limit.value(env.lookup())
            if top is None:
                continue
            total = 0
            for _, member in env.members:
                value = member.lookup()(ref)
                total += value or 0
            if total > top:
                return False
        return True


def repeated(columns: list[Any], mode: str) -> set[int]:
    """Places of tuples that came before, in any order of their members for mode ``set``."""
    if not len(columns[0]):
        return set()
    if all(isinstance(column, np.ndarray) and column.dtype != object for column in columns):
        table = np.stack(columns, axis=1)
        if mode == "set":
            table = np.sort(table, axis=1)
        order = np.lexsort(table.T[::-1])
        same = np.all(table[order][1:] == table[order][:-1], axis=1)
        return set(order[1:][same].tolist())
    seen: set[Any] = set()
    places = set()
    for place, row in enumerate(zip(*map(plain, columns), strict=True)):
        key = frozenset(row) if mode == "set" else row
        if key in seen:
            places.add(place)
        seen.add(key)
    return places


def tokens_of(env: Env, base: str) -> list[Value]:
    """Every token of a base name in one scope."""
    found: list[Value] = []
    for name, value in env.scalars.items():
        if name == base or name.rpartition("_")[0] == base:
            found.append(value)
    found += plain(env.lists.get(base, []))
    for row in env.rows.get(base, []):
        found += plain(row)
    return found


def _speaks_of(relation: Relation, env: Env) -> bool:
    return any(
        ref.base in env.lists
        or ref.base in env.rows
        or scalar_name(ref) in env.scalars
        or any(name.rpartition("_")[0] == ref.base for name in env.scalars)
        for expr in (relation.left, relation.right)
        for ref in expr.refs()
    )
