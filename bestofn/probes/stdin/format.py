"""Reads the grammar of standard input out of a statement's Input section.

Understands the layout that AtCoder writes: lines of names, ``A_1 A_2 \\ldots A_N``, records
repeated with ``\\vdots``, joined rows of a grid, and queries or test cases whose own format
follows. Prose layouts (Codeforces) are first turned into such lines by
:mod:`bestofn.probes.stdin.prose`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..constraints import normalise
from ..expressions import Expr, Token, parse_ref, tokenize
from .grammar import Block, Cell, Group, Item, Line, Literal, Node
from .records import find_block, plain_lines

_VERTICAL = re.compile(r"^\s*(?:\\vdots|\u22ee|:|\.\.\.|vdots)\s*$")
_GROUP = re.compile(r"^(?:query|case|test|testcase|op|event)$", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:one of|either|formats|types|kinds|any of)\b", re.IGNORECASE)


def read_format(section: str) -> tuple[Node, ...] | None:
    """The grammar of an Input section, or None when it cannot be read."""
    parts, prose = _segments(section)
    if not parts:
        return None
    nodes = _nodes(parts[0])
    if nodes is None:
        return None
    group = _find_group(nodes)
    if group is None:
        return tuple(nodes) if len(parts) == 1 and _unique(nodes) else None
    if len(parts) < 2:
        return None
    several = len(parts) > 2 or (len(parts[1]) > 1 and bool(_SEVERAL.search(prose)))
    pieces = [[line] for part in parts[1:] for line in part] if several else [parts[1]]
    bodies = []
    for piece in pieces:
        body = _nodes(piece)
        if body is None or _find_group(body) is not None or not _unique(body):
            return None
        bodies.append(tuple(body))
    if len(bodies) > 1 and not all(_starts_literal(body) for body in bodies):
        return None
    nodes[group[0]] = _flat(bodies, group[1]) or Group(count=group[1], bodies=tuple(bodies))
    return tuple(nodes) if _unique(nodes) else None


def _flat(bodies: list[tuple[Node, ...]], count: Expr) -> Block | None:
    """A block for queries that all are one line of single tokens: columns are faster."""
    if len(bodies) != 1 or len(bodies[0]) != 1 or not isinstance(bodies[0][0], Line):
        return None
    items = bodies[0][0].items
    if not all(isinstance(item, Literal) or _plain_cell(item) for item in items):
        return None
    columns = [replace(item, column=True) if isinstance(item, Cell) else item for item in items]
    return Block(first=1, last=count, lines=(Line(items=tuple(columns)),))


def _plain_cell(item: Item) -> bool:
    return isinstance(item, Cell) and item.name == item.base and item.length is None


def _segments(section: str) -> tuple[list[list[list[Token]]], str]:
    """Runs of neighbouring format lines, and the prose between them."""
    parts: list[list[list[Token]]] = []
    prose = []
    inside = False
    for raw in section.split("\n"):
        line = normalise(raw).replace("$", " ").strip()
        if not line or line.startswith("```"):
            continue
        tokens = [Token(kind="vertical", text=":", spaced=True)] if _VERTICAL.match(line) else None
        tokens = tokens or _format_line(line)
        if tokens is None:
            prose.append(line)
            inside = False
        elif inside:
            parts[-1].append(tokens)
        else:
            parts.append([tokens])
            inside = True
    return parts, " ".join(prose)


def _format_line(line: str) -> list[Token] | None:
    """The tokens of a line made of names, numbers and dots only."""
    line = re.sub(r"_\{\{([^{}]*)\}\}", r"_{\1}", line)
    tokens = tokenize(line)
    for token in tokens:
        if token.kind == "ref":
            ref = parse_ref(token.text)
            if ref.measure != "value" or (len(ref.base) > 3 and not ref.subs):
                return None
        elif token.kind not in ("number", "dots"):
            return None
    return tokens


def _nodes(lines: list[list[Token]]) -> list[Node] | None:
    """Nodes of consecutive format lines; blocks are found at their vertical dots."""
    nodes: list[Node] = []
    pending: list[list[Token]] = []
    position = 0
    while position < len(lines):
        if lines[position][0].kind != "vertical":
            pending.append(lines[position])
            position += 1
            continue
        found = find_block(pending, lines[position + 1 :])
        if found is None:
            return None
        block, used_before, used_after = found
        before = plain_lines(pending[: len(pending) - used_before])
        if before is None:
            return None
        nodes += [*before, block]
        pending = []
        position += 1 + used_after
    rest = plain_lines(pending)
    return None if rest is None else [*nodes, *rest]


def _find_group(nodes: list[Node]) -> tuple[int, Expr] | None:
    """Where ``query_1 ... query_Q`` stands, and how many there are."""
    for place, node in enumerate(nodes):
        if isinstance(node, Block) and len(node.lines) == 1 and len(node.lines[0].items) == 1:
            item = node.lines[0].items[0]
            if isinstance(item, Cell) and _GROUP.match(item.base) and node.first == 1:
                return place, node.last
    return None


def _starts_literal(body: tuple[Node, ...]) -> bool:
    return isinstance(body[0], Line) and isinstance(body[0].items[0], Literal)


def _unique(nodes: list[Node]) -> bool:
    """Whether no name is given twice."""
    names = [
        item.name if isinstance(item, Cell) else item.base
        for node in nodes
        if not isinstance(node, Group)
        for line in (node.lines if isinstance(node, Block) else (node,))
        for item in line.items
        if not isinstance(item, Literal)
    ]
    return len(names) == len(set(names))
