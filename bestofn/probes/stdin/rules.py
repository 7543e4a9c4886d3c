"""Whether the values of an input obey what the statement says of them.

The same checks accept the public samples (or else the reading of the statement is wrong and
is not used) and every input that is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..constraints import Relation
from .evaluate import CannotEvaluate, Evaluator, as_array
from .facts import Facts
from .grammar import Env, Node, Value, plain, scalar_name
from .graphs import Edges, edge_columns, graph_holds

_OPERATORS: dict[str, Any] = {
    "<": np.less,
    "<=": np.less_equal,
    "!=": np.not_equal,
    "==": np.equal,
}


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
        return (
            self._hold_in(env, None)
            and self._totals_hold(env)
            and all(self._hold_in(member, kind) for kind, member in env.members)
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
            texts = both_texts(relation, env)
            if texts is not None:
                yield relation, (texts[0] == texts[1]) == (relation.op == "==")
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
        for base, characters in self.facts.once.items():
            whole = "".join(map(str, tokens_of(env, base)))
            yield all(whole.count(character) == 1 for character in characters)
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


def both_texts(relation: Relation, env: Env) -> tuple[str, str] | None:
    """Two single texts that a relation calls equal or not equal."""
    if relation.op not in ("==", "!="):
        return None
    found = [
        env.scalars.get(scalar_name(side.ref))
        for side in (relation.left, relation.right)
        if side.ref is not None and side.ref.measure == "value"
    ]
    texts = [value for value in found if isinstance(value, str)]
    return (texts[0], texts[1]) if len(texts) == 2 else None


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
