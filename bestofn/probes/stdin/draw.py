"""Draws the values of an input that follows a grammar and its rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..expressions import Expr
from .columns import Columns
from .evaluate import as_array
from .grammar import Block, Cell, Env, Group, Line, Node, Run
from .graphs import draw_edges
from .ranges import CannotDraw, Seen
from .rules import Rules
from .shapes import Style, distinct_numbers, draw_numbers

MAX_MEMBERS = 2000


_MAX_ROWS = 3000


_MAX_VERTICES = 60_000


class Drawer(Columns):
    """Draws one input."""

    def __init__(self, rules: Rules, seen: Seen, rng: np.random.Generator, style: Style) -> None:
        super().__init__(rules, seen, rng, style)
        self.counts = {
            ref.base
            for node in rules.grammar
            if isinstance(node, Group)
            for ref in node.count.refs()
        }

    def draw(self) -> Env:
        """An input; it may still break rules that only :meth:`Rules.hold` checks.

        Raises:
            CannotDraw: no values were found.
        """
        env = Env()
        self._body(self.rules.grammar, env, None)
        return env

    def _body(self, nodes: tuple[Node, ...], env: Env, kind: int | None) -> None:
        cells = [
            item
            for node in nodes
            if isinstance(node, Line)
            for item in node.items
            if isinstance(item, Cell)
        ]
        self._scalars([cell for cell in cells if cell.base in self.rules.numeric], env, kind)
        self._afford(nodes, env)
        for cell in cells:
            if cell.base not in self.rules.numeric:
                (env.scalars[cell.name],) = self.texts(cell, env, kind, 1)
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

    def _list(self, run: Run, env: Env, kind: int | None, first: int, count: int) -> None:
        if count < 0 or count > self.style.budget:
            raise CannotDraw
        env.starts[run.base] = first
        env.lists[run.base] = self.column(run.base, env, kind, count)
        self.repair((run.base,), env, kind)

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
                env.lists[column.base] = self.column(column.base, env, kind, count)
            else:
                env.lists[column.base] = list(self.texts(column, env, kind, count))
        self.repair(tuple(column.base for column in columns), env, kind)
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
        if vertices is None or vertices > _MAX_VERTICES:
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


def _count(expr: Expr, env: Env) -> int:
    value = expr.value(env.lookup())
    if value is None:
        raise CannotDraw
    return value
