"""The layout of a problem's standard input, and texts that follow it.

A grammar is a tree of lines, repeated blocks of lines and groups (queries, test cases).
:func:`parse` reads a text into an :class:`Env` of values, :func:`render` writes it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bestofn.probes.expressions import Expr, Lookup, Ref

INDEX = "idx"
"""The name that stands for the number of a record within a block."""

Value = int | str


class LayoutMismatch(Exception):
    """A text does not follow the grammar; internal to the probes."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One token.

    Attributes:
        name: ``N``, ``V_1``; inside a block the name of the column.
        base: The name without subscripts.
        length: How many characters the token has, where the layout says so.
        column: Whether it is repeated by a block.
    """

    name: str
    base: str
    length: Expr | None = None
    column: bool = False


@dataclass(frozen=True, kw_only=True)
class Literal:
    """A token that is always the same, such as the kind of a query."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """``A_1 A_2 ... A_N``: a list on one line, or one row of a table inside a block.

    Attributes:
        first, last: The subscripts of the ends; they may use :data:`INDEX`.
        row: Whether it is repeated by a block.
    """

    base: str
    first: Expr
    last: Expr
    row: bool = False


Item = Cell | Literal | Run


@dataclass(frozen=True, kw_only=True)
class Line:
    """Items on one line."""

    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Records of one or more lines, numbered from ``first`` to ``last``."""

    first: int
    last: Expr
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Queries or test cases, each with names of its own.

    Attributes:
        bodies: The layouts that each one may have. With several, each begins with a literal.
    """

    count: Expr
    bodies: tuple[tuple[Node, ...], ...]


Node = Line | Block | Group


@dataclass(kw_only=True)
class Env:
    """Values by name.

    Attributes:
        scalars: Single tokens.
        lists: Lists on a line and columns of blocks, by base name: arrays of numbers, or
            lists of texts.
        rows: Tables, one list a record.
        starts: The first subscript of a list, or of a table's rows.
        members: Queries or cases: the number of the layout and the values.
    """

    scalars: dict[str, Value] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    members: list[tuple[int, Env]] = field(default_factory=list)
    parent: Env | None = None

    def lookup(self, index: int | None = None) -> Lookup:
        """Numbers for the names of an expression.

        Args:
            index: The number of the record, inside a block.
        """

        def find(ref: Ref) -> int | None:
            if ref.base == INDEX:
                return index
            env: Env | None = self
            while env is not None:
                found = env._find(ref, index)
                if found is not None:
                    return _measured(found, ref)
                env = env.parent
            return _product(ref, find)

        return find

    def _find(self, ref: Ref, index: int | None) -> Value | None:
        for name in (scalar_name(ref), ref.text):
            if name in self.scalars:
                return self.scalars[name]
        if ref.base in self.lists and len(ref.subs) == 1 and ref.measure != "sum":
            place = index if ref.subs[0] == INDEX else _integer(ref.subs[0])
            values = self.lists[ref.base]
            if place is not None and 0 <= place - self.starts[ref.base] < len(values):
                value = values[place - self.starts[ref.base]]
                return value if isinstance(value, str) else int(value)
        return None

    def everything(self) -> Iterator[Env]:
        """This and all members, recursively."""
        yield self
        for _, member in self.members:
            yield from member.everything()


def scalar_name(ref: Ref) -> str:
    """The name under which a single token is kept: ``V_1``, ``c_1,2``, ``N``."""
    return f"{ref.base}_{','.join(ref.subs)}" if ref.subs else ref.base


def _integer(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _measured(value: Value, ref: Ref) -> int | None:
    if isinstance(value, str):
        return len(value) if ref.measure in ("length", "bars") else _as_integer(value)
    return abs(value) if ref.measure == "bars" else value


def _as_integer(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdigit() and len(text) < 20 else None


def _product(ref: Ref, find: Lookup) -> int | None:
    """``HW`` for ``H`` times ``W``."""
    if ref.subs or len(ref.base) < 2 or not ref.base.isalpha() or ref.measure != "value":
        return None
    total = 1
    for letter in ref.base:
        value = find(Ref(base=letter, text=letter))
        if value is None:
            return None
        total *= value
    return total


_MAX_TOKENS = 2_000_000


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


def plain(values: Any) -> list[Value]:
    """A list of Python values from a list or an array."""
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


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
