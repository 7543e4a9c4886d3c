"""Draws the values of an input that follows a grammar and its rules."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bestofn.probes.constraints import Bound
from bestofn.probes.expressions import Expr, Ref
from bestofn.probes.graphs import draw_edges, edge_columns
from bestofn.probes.stdin_grammar import Block, Cell, Env, Group, Line, Node, Run, plain
from bestofn.probes.stdin_rules import CannotEvaluate, Evaluator, Rules, as_array, repeated
from bestofn.probes.stdin_shapes import distinct_numbers, draw_numbers, draw_text

_REPAIRS = 25
MAX_MEMBERS = 2000
_MAX_ROWS = 3000


class CannotDraw(Exception):
    """No values were found; internal to the probes."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the public samples hold, for what the statement leaves open.

    Attributes:
        numbers: Least and greatest value by base name.
        lengths: Least and greatest length of a text by base name.
        characters: Every character by base name.
    """

    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    characters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an input should look.

    Attributes:
        size: The greatest count or length, above the least allowed one when ``tight``.
        tight: Whether ``size`` counts from the least allowed size.
        numbers: The shape of lists of numbers (see :mod:`bestofn.probes.stdin_shapes`).
        scalars: The shape of single numbers that count nothing.
        text: The shape of texts.
        graph: The shape of trees.
        budget: How many tokens, and how many characters of text, the input may have.
        members: How many queries or test cases there may be.
        exact: Whether counts take their greatest value instead of a random one.
    """

    size: int
    numbers: str = "uniform"
    scalars: str = "uniform"
    text: str = "uniform"
    graph: str = "random"
    budget: int = 2000
    exact: bool = False
    members: int = 4
    tight: bool = True


class Drawer:
    """Draws one input."""

    def __init__(self, rules: Rules, seen: Seen, rng: np.random.Generator, style: Style) -> None:
        self.rules = rules
        self.seen = seen
        self.rng = rng
        self.style = style
        self.sizes = size_names(rules)
        self.counts = {
            ref.base
            for node in rules.grammar
            if isinstance(node, Group)
            for ref in node.count.refs()
        }
        self.edges = edge_columns(rules.grammar, rules.facts)
        self.known_bounds: dict[tuple[str, int | None, str, str], list[Bound]] = {}

    def draw(self) -> Env:
        """An input; it may still break rules that only :meth:`Rules.hold` checks.

        Raises:
            CannotDraw: no values were found.
        """
        env = Env()
        self._body(self.rules.grammar, env, None)
        return env

    def _body(self, nodes: tuple[Node, ...], env: Env, kind: int | None) -> None:
        cells = [item for node in nodes if isinstance(node, Line)
                 for item in node.items if isinstance(item, Cell)]
        self._scalars([cell for cell in cells if cell.base in self.rules.numeric], env, kind)
        self._afford(nodes, env)
        for cell in cells:
            if cell.base not in self.rules.numeric:
                (env.scalars[cell.name],) = self._texts(cell, env, kind, 1)
        for node in nodes:
            if isinstance(node, Line):
                for item in node.items:
                    if isinstance(item, Run):
                        first = _count(item.first, env)
                        self._list(item, env, kind, first, _count(item.last, env) - first + 1)
            elif isinstance(node, Block):
                self._block(node, env, kind)
            else:
                self._group(node, env)

    def _afford(self, nodes: tuple[Node, ...], env: Env) -> None:
        """Gives up early on counts that the budget does not allow."""
        tokens = 0
        for node in nodes:
            lines = node.lines if isinstance(node, Block) else ()
            items = node.items if isinstance(node, Line) else ()
            records = _count(node.last, env) - node.first + 1 if isinstance(node, Block) else 1
            tokens += sum(len(line.items) for line in lines) * records
            for run in [*items, *(item for line in lines for item in line.items)]:
                if isinstance(run, Run):
                    last = run.last.value(env.lookup())
                    tokens += records * last if last is not None else records
        if tokens > self.style.budget:
            raise CannotDraw

    def _scalars(self, cells: list[Cell], env: Env, kind: int | None) -> None:
        """Single numbers, those first whose ends are known; sizes before the rest."""
        waiting = sorted(cells, key=lambda cell: cell.base not in self.sizes)
        while waiting:
            ready = next(
                (cell for cell in waiting if not self._waits_for(cell, waiting)), waiting[0]
            )
            waiting.remove(ready)
            low, high = self.ends(ready.base, env, kind, name=ready.name)
            if ready.base in self.counts:
                value = max(int(low), min(int(high), self._size(0, self.style.members)))
            elif ready.base in self.sizes:
                value = self._size(int(low), int(high))
            else:
                value = int(draw_numbers(self.rng, low, high, 1, self.style.scalars)[0])
            odd = self.rules.facts.parity.get(ready.base)
            if odd is not None and value % 2 != odd:
                value += 1 if value < high else -1
            env.scalars[ready.name] = value

    def _waits_for(self, cell: Cell, waiting: list[Cell]) -> bool:
        others = {other.base for other in waiting if other is not cell}
        return any(
            ref.base in others
            for bound, _ in self.rules.facts.bounds
            if bound.ref.base == cell.base and bound.ref.measure == "value"
            for expr in (bound.low, bound.high)
            if expr is not None
            for ref in expr.refs()
        )

    def _size(self, low: int, high: int) -> int:
        top = min(high, (low if self.style.tight else 0) + self.style.size)
        top = max(low, top)
        if self.style.exact:
            return top
        return int(self.rng.integers(low, top, endpoint=True))

    def ends(self, base: str, env: Env, kind: int | None, name: str = "",
              measure: str = "value") -> tuple[Any, Any]:
        """The greatest low end and the least high end known now; arrays for columns."""
        lows, highs = [], []
        for bound in self._bounds(base, kind, name, measure):
            low = self._evaluate(bound.low, env)
            high = self._evaluate(bound.high, env)
            lows += [low] if low is not None else []
            highs += [high] if high is not None else []
        if measure == "value":
            fallback = self.seen.numbers.get(base, (0, 0))
        else:
            fallback = self.seen.lengths.get(base, (1, 1))
        low, high = _fold(np.maximum, lows), _fold(np.minimum, highs)
        low = fallback[0] if low is None else low
        high = fallback[1] if high is None else high
        if np.any(np.asarray(low) > np.asarray(high)):
            raise CannotDraw
        return low, high

    def _bounds(self, base: str, kind: int | None, name: str, measure: str) -> list[Bound]:
        """Bounds on a name, from chains' outer ends and from their neighbours."""
        key = (base, kind, name, measure)
        if key not in self.known_bounds:
            self.known_bounds[key] = list(self._find_bounds(*key))
        return self.known_bounds[key]

    def _find_bounds(
        self, base: str, kind: int | None, name: str, measure: str
    ) -> Iterator[Bound]:
        for bound, kinds in self.rules.facts.bounds:
            if (kinds is None or kind in kinds) and _matches(bound.ref, base, name, measure):
                yield bound
        for relation, kinds in self.rules.relations_list:
            if (kinds is not None and kind not in kinds) or relation.op == "!=":
                continue
            strict = int(relation.op == "<")
            for side, other, is_left in (
                (relation.left, relation.right, True),
                (relation.right, relation.left, False),
            ):
                if side.ref is None or not _matches(side.ref, base, name, measure):
                    continue
                if relation.op == "==" or is_left:
                    yield Bound(name=base, low=other if relation.op == "==" else None,
                                high=other.plus(-strict), ref=side.ref)
                else:
                    yield Bound(name=base, low=other.plus(strict), high=None, ref=side.ref)
                if measure == "bars" and is_left and base in self.rules.numeric:
                    yield Bound(name=base, low=Expr(op="neg", args=(other,)).plus(strict),
                                high=None, ref=side.ref)

    def _evaluate(self, expr: Expr | None, env: Env) -> Any:
        if expr is None:
            return None
        evaluator = Evaluator(env)
        try:
            if not evaluator.survey(expr):
                return None
            return evaluator.value(expr)
        except CannotEvaluate:
            return None

    def _number_ends(self, base: str, env: Env, kind: int | None, count: int) -> tuple[Any, Any]:
        low, high = self.ends(base, env, kind)
        if any(np.ndim(end) and len(end) != count for end in (low, high)):
            raise CannotDraw
        return low, high

    def _list(self, run: Run, env: Env, kind: int | None, first: int, count: int) -> None:
        if count < 0 or count > self.style.budget:
            raise CannotDraw
        env.starts[run.base] = first
        env.lists[run.base] = self._column(run.base, env, kind, count)
        self._repair((run.base,), env, kind)

    def _column(self, base: str, env: Env, kind: int | None, count: int) -> Any:
        if base not in self.rules.numeric:
            return list(self._texts(Cell(name=base, base=base), env, kind, count))
        facts = self.rules.facts
        if base in facts.permutations:
            return as_array(distinct_numbers(self.rng, 1, count, count, self.style.numbers))
        # The column is empty while its own ends are worked out: "A_i < i" needs its indices.
        env.lists[base] = np.zeros(count, dtype=np.int64)
        low, high = self._number_ends(base, env, kind, count)
        if base in self.sizes:
            room = max(self.style.budget // max(count, 1), 1)
            high = np.minimum(high, np.maximum(low, min(room, self.style.size)))
        alone = any(mode == "joint" and bases == (base,) for mode, bases in facts.distinct)
        strict = facts.ordered.get(base)
        if (alone or strict) and not np.ndim(low) and not np.ndim(high):
            if high - low + 1 < count:
                raise CannotDraw
            values = distinct_numbers(self.rng, int(low), int(high), count, self.style.numbers)
        else:
            values = draw_numbers(self.rng, low, high, count, self.style.numbers)
        values = as_array(values)
        return np.sort(values) if strict is not None else values

    def _texts(self, cell: Cell, env: Env, kind: int | None, count: int) -> list[str]:
        facts, base = self.rules.facts, cell.base
        words = facts.words.get(base)
        if words:
            return [words[k] for k in self.rng.integers(0, len(words), size=count)]
        characters = facts.alphabets.get(base) or self.seen.characters.get(base, "")
        if not characters:
            characters = string.ascii_lowercase
        if cell.length is not None:
            if any(True for _ in cell.length.refs()) and cell.column:
                env.lists.setdefault(base, [""] * count)
            low = high = self._evaluate(cell.length, env)
            if low is None or np.ndim(low):
                raise CannotDraw
        else:
            low, high = self._length_ends(base, env, kind)
            fixed = np.ndim(low) == 0 and low == high
            if not fixed:
                room = max(self.style.budget // max(count, 1), 1)
                top = min(room, self.style.size + (int(np.max(low)) if self.style.tight else 0))
                high = np.minimum(high, np.maximum(low, top))
        if int(np.max(high, initial=0)) * count > 20 * self.style.budget:
            raise CannotDraw
        lengths = (
            np.broadcast_to(high, (count,))
            if self.style.exact
            else self.rng.integers(low, high, endpoint=True, size=count)
        )
        distinct = any(base in bases for _, bases in facts.distinct)
        texts = self._cut(characters, lengths)
        if distinct and count < 500:
            for _ in range(_REPAIRS):
                twice = [k for k, text in enumerate(texts) if text in set(texts[:k])]
                if not twice:
                    break
                for k in twice:
                    texts[k] = draw_text(self.rng, characters, int(lengths[k]), "uniform")
        return texts

    def _cut(self, characters: str, lengths: Any) -> list[str]:
        """Texts of some lengths; many of them are cut from one, which is faster."""
        if len(lengths) < 500:
            return [draw_text(self.rng, characters, int(n), self.style.text) for n in lengths]
        whole = draw_text(self.rng, characters, int(np.sum(lengths)), self.style.text)
        ends = np.cumsum(lengths).tolist()
        return [whole[a:b] for a, b in zip([0, *ends], ends, strict=False)]

    def _length_ends(self, base: str, env: Env, kind: int | None) -> tuple[Any, Any]:
        found = [
            self.ends(base, env, kind, measure=measure)
            for measure in ("length", "bars")
            if self._bounds(base, kind, "", measure)
        ]
        if not found:
            return self.seen.lengths.get(base, (1, 1))
        low = _fold(np.maximum, [ends[0] for ends in found])
        high = _fold(np.minimum, [ends[1] for ends in found])
        return low, high

    def _block(self, block: Block, env: Env, kind: int | None) -> None:
        count = _count(block.last, env) - block.first + 1
        items = [item for line in block.lines for item in line.items]
        if count < 0 or count * len(items) > self.style.budget:
            raise CannotDraw
        columns = [item for item in items if isinstance(item, Cell)]
        for column in columns:
            env.starts[column.base] = block.first
            env.lists.pop(column.base, None)
        self._edges(columns, env, count)
        for column in columns:
            if column.base in env.lists:
                continue
            if column.base in self.rules.numeric:
                env.lists[column.base] = self._column(column.base, env, kind, count)
            else:
                env.lists[column.base] = list(self._texts(column, env, kind, count))
        self._repair(tuple(column.base for column in columns), env, kind)
        for item in items:
            if isinstance(item, Run):
                self._table(item, block, env, kind, count)

    def _edges(self, columns: list[Cell], env: Env, count: int) -> None:
        facts = self.rules.facts
        if self.edges is None or not (facts.tree or facts.connected or facts.simple):
            return
        if self.edges.left not in [column.base for column in columns]:
            return
        vertices = env.lookup()(self.edges.vertices)
        if vertices is None or vertices > 10 * self.style.budget:
            raise CannotDraw
        drawn = draw_edges(self.rng, vertices, count, facts, self.style.graph)
        if drawn is None:
            raise CannotDraw
        env.lists[self.edges.left], env.lists[self.edges.right] = drawn

    def _table(self, run: Run, block: Block, env: Env, kind: int | None, count: int) -> None:
        if run.base not in self.rules.numeric:
            raise CannotDraw
        spans = []
        for index in range(block.first, block.first + count):
            lookup = env.lookup(index)
            first, last = run.first.value(lookup), run.last.value(lookup)
            if first is None or last is None or last < first - 1:
                raise CannotDraw
            spans.append(last - first + 1)
        if sum(spans) > self.style.budget:
            raise CannotDraw
        low, high = self.ends(run.base, env, kind)
        if np.ndim(low) or np.ndim(high):
            raise CannotDraw
        facts = self.rules.facts
        strict = facts.ordered.get(run.base)
        if count > _MAX_ROWS:
            raise CannotDraw
        alone = any(mode == "rows" and bases == (run.base,) for mode, bases in facts.distinct)
        rows = []
        flat = as_array(draw_numbers(self.rng, low, high, sum(spans), self.style.numbers))
        start = 0
        for span in spans:
            row = flat[start : start + span]
            start += span
            if alone or strict:
                if high - low + 1 < span:
                    raise CannotDraw
                row = as_array(
                    distinct_numbers(self.rng, int(low), int(high), span, self.style.numbers)
                )
            rows.append(np.sort(row) if strict is not None else row)
        env.rows[run.base] = rows

    def _group(self, group: Group, env: Env) -> None:
        count = _count(group.count, env)
        if count > MAX_MEMBERS:
            raise CannotDraw
        whole = self.style
        room = max(whole.budget // max(count, 1), 1)
        for ref, limit in self.rules.facts.totals:
            top = limit.value(env.lookup())
            if top is not None and ref.base in self.sizes:
                room = min(room, top // max(count, 1))
        self.style = replace(whole, size=min(whole.size, max(room, 1)), budget=room)
        for _ in range(count):
            kind = int(self.rng.integers(len(group.bodies)))
            member = Env(parent=env)
            self._body(group.bodies[kind], member, kind)
            env.members.append((kind, member))
        self.style = whole

    def _repair(self, bases: tuple[str, ...], env: Env, kind: int | None) -> None:
        """Draws rows again that break a relation or repeat a tuple, a few times."""
        size = sum(len(env.lists[base]) for base in bases)
        for _ in range(_REPAIRS if size < 1000 else 3):
            bad = self._broken(bases, env, kind)
            if not len(bad):
                return
            for base in bases:
                if base not in self.rules.numeric or self._drawn_as_edges(base):
                    continue
                low, high = self._number_ends(base, env, kind, len(env.lists[base]))
                fresh = draw_numbers(self.rng, low, high, len(env.lists[base]), "uniform")
                for place in bad:
                    env.lists[base][place] = fresh[place]

    def _drawn_as_edges(self, base: str) -> bool:
        facts = self.rules.facts
        return (facts.tree or facts.connected or facts.simple) and self.edges is not None and (
            base in (self.edges.left, self.edges.right)
        )

    def _broken(self, bases: tuple[str, ...], env: Env, kind: int | None) -> list[int]:
        length = len(env.lists[bases[0]]) if bases else 0
        bad: set[int] = set()
        for relation, held in self.rules.relations(env, kind):
            names = {r.base for e in (relation.left, relation.right) for r in e.refs()}
            if names & set(bases) and np.ndim(held) == 1 and len(held) <= length:
                bad |= set(np.flatnonzero(~np.asarray(held, dtype=bool)).tolist())
        for mode, group in self.rules.facts.distinct:
            if mode in ("tuple", "set") and set(group) <= set(bases):
                bad |= repeated([env.lists[base] for base in group], mode)
        return sorted(bad)


def size_names(rules: Rules) -> frozenset[str]:
    """Names that count something: records, members of lists, characters."""
    exprs: list[Expr] = []

    def visit(nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            if isinstance(node, Group):
                exprs.append(node.count)
                for body in node.bodies:
                    visit(body)
                continue
            if isinstance(node, Block):
                exprs.append(node.last)
            for line in node.lines if isinstance(node, Block) else (node,):
                for item in line.items:
                    if isinstance(item, Run):
                        exprs.append(item.last)
                    elif isinstance(item, Cell) and item.length is not None:
                        exprs.append(item.length)

    visit(rules.grammar)
    for bound, _ in rules.facts.bounds:
        if bound.ref.measure == "length" or (
            bound.ref.measure == "bars" and bound.ref.base not in rules.numeric
        ):
            exprs += [end for end in (bound.low, bound.high) if end is not None]
    return frozenset(ref.base for expr in exprs for ref in expr.refs())


def _matches(ref: Ref, base: str, name: str, measure: str) -> bool:
    if ref.measure != measure and not (measure == "value" and ref.measure == "bars"):
        return False
    if ref.measure == "bars" and measure == "value":
        return False
    if name and (ref.text == name or f"{ref.base}_{','.join(ref.subs)}" == name):
        return True
    return ref.base == base and not any(sub.isdigit() or sub.isupper() for sub in ref.subs)


def _count(expr: Expr, env: Env) -> int:
    value = expr.value(env.lookup())
    if value is None:
        raise CannotDraw
    return value


def _fold(choose: Any, values: list[Any]) -> Any:
    if not values:
        return None
    sizes = {len(value) for value in values if np.ndim(value)}
    if len(sizes) > 1:
        raise CannotDraw
    result = values[0]
    for value in values[1:]:
        result = choose(result, value)
    return result


__all__ = ["CannotDraw", "Drawer", "Seen", "Style", "as_array", "size_names"]
