"""The layout of a problem's standard input, and the values that fill it.

A grammar is a tree of lines, repeated blocks of lines and groups (queries, test cases).
:mod:`bestofn.probes.stdin.text` reads and writes texts that follow it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..expressions import Expr, Lookup, Ref

INDEX = "idx"
"""The name that stands for the number of a record within a block."""


Value = int | str


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
    return int(text) if text.isdecimal() else None


def _measured(value: Value, ref: Ref) -> int | None:
    if isinstance(value, str):
        return len(value) if ref.measure in ("length", "bars") else _as_integer(value)
    return abs(value) if ref.measure == "bars" else value


def _as_integer(text: str) -> int | None:
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else None


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


def plain(values: Any) -> list[Value]:
    """A list of Python values from a list or an array."""
    return values.tolist() if isinstance(values, np.ndarray) else list(values)
