"""Reads the values of an input out of its text, and writes them back."""

from __future__ import annotations

from collections.abc import Iterator

from ..expressions import Expr
from .grammar import Block, Cell, Env, Group, Item, Line, Literal, Node, Run, Value, plain

_MAX_TOKENS = 2_000_000


class LayoutMismatch(Exception):
    """A text does not follow the grammar; internal to the probes."""


def parse(text: str, grammar: tuple[Node, ...]) -> Env:
    """The values of a text, as strings.

    Raises:
        LayoutMismatch: the text does not follow the grammar to its end.
    """
    reader = _Reader(text)
    env = Env()
    reader.nodes(grammar, env)
    if reader.position != len(reader.tokens):
        raise LayoutMismatch("text is left over")
    return env


def render(grammar: tuple[Node, ...], env: Env) -> str:
    """The text that holds the values; ends with a newline."""
    return "\n".join(_render(grammar, env)) + "\n"


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = text.split()
        self.position = 0
        if len(self.tokens) > _MAX_TOKENS:
            raise LayoutMismatch("too long")

    def take(self, count: int = 1) -> list[str]:
        taken = self.tokens[self.position : self.position + count]
        if count < 0 or len(taken) != count:
            raise LayoutMismatch("the text ends early")
        self.position += count
        return taken

    def nodes(self, nodes: tuple[Node, ...], env: Env) -> None:
        for node in nodes:
            if isinstance(node, Line):
                for item in node.items:
                    self.item(item, env, None)
            elif isinstance(node, Block):
                last = _known(node.last, env, None)
                prepare_block(node, env)
                for index in range(node.first, last + 1):
                    for line in node.lines:
                        for item in line.items:
                            self.item(item, env, index)
            else:
                for _ in range(_known(node.count, env, None)):
                    self.member(node, env)

    def member(self, group: Group, env: Env) -> None:
        start = self.position
        for kind, body in enumerate(group.bodies):
            child = Env(parent=env)
            try:
                self.nodes(body, child)
            except LayoutMismatch:
                self.position = start
            else:
                env.members.append((kind, child))
                return
        raise LayoutMismatch("no layout fits a query or case")

    def item(self, item: Item, env: Env, index: int | None) -> None:
        if isinstance(item, Literal):
            if self.take() != [item.text]:
                raise LayoutMismatch(f"expected {item.text}")
        elif isinstance(item, Cell):
            (token,) = self.take()
            if item.length is not None and len(token) != _known(item.length, env, index):
                raise LayoutMismatch(f"{item.name} has another length")
            if item.column:
                env.lists[item.base].append(token)
            else:
                env.scalars[item.name] = token
        else:
            first, last = _known(item.first, env, index), _known(item.last, env, index)
            values: list[Value] = list(self.take(last - first + 1))
            env.starts.setdefault(item.base, first)
            if item.row:
                env.rows[item.base].append(values)
            else:
                env.lists[item.base] = values


def prepare_block(block: Block, env: Env) -> None:
    """Empty lists for the columns of a block."""
    for line in block.lines:
        for item in line.items:
            if isinstance(item, Cell):
                env.lists[item.base] = []
                env.starts[item.base] = block.first
            elif isinstance(item, Run):
                env.rows[item.base] = []


def _known(expr: Expr, env: Env, index: int | None) -> int:
    value = expr.value(env.lookup(index))
    if value is None or value > _MAX_TOKENS:
        raise LayoutMismatch("a count is not known")
    return value


def _render(nodes: tuple[Node, ...], env: Env) -> Iterator[str]:
    members = iter(env.members)
    for node in nodes:
        if isinstance(node, Line):
            yield _line(node, env)
        elif isinstance(node, Block):
            count = _known(node.last, env, None) - node.first + 1
            columns = [[_column(item, env, count) for item in line.items] for line in node.lines]
            lines = [map(" ".join, zip(*texts, strict=True)) for texts in columns]
            for record in zip(*lines, strict=True):
                yield from record
        else:
            for _ in range(_known(node.count, env, None)):
                kind, member = next(members)
                yield from _render(node.bodies[kind], member)


def _line(line: Line, env: Env) -> str:
    parts = []
    for item in line.items:
        if isinstance(item, Literal):
            parts.append(item.text)
        elif isinstance(item, Cell):
            parts.append(str(env.scalars[item.name]))
        else:
            parts.append(" ".join(map(str, plain(env.lists[item.base]))))
    return " ".join(parts)


def _column(item: Item, env: Env, count: int) -> list[str]:
    """What each record of a block writes for an item."""
    if isinstance(item, Literal):
        return [item.text] * count
    if isinstance(item, Cell):
        return [str(value) for value in plain(env.lists[item.base])]
    return [" ".join(map(str, plain(row))) for row in env.rows[item.base]]
