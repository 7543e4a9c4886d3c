"""Reads the grammar of standard input out of a statement's Input section.

Understands the layout that AtCoder writes: lines of names, ``A_1 A_2 \\ldots A_N``, records
repeated with ``\\vdots``, joined rows of a grid, and queries or test cases whose own format
follows. Prose layouts (Codeforces) are first turned into such lines by
:mod:`bestofn.probes.stdin_prose`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bestofn.probes.constraints import normalise
from bestofn.probes.expressions import Expr, ExpressionReader, Ref, Token, parse_ref, tokenize
from bestofn.probes.stdin_grammar import (
    INDEX,
    Block,
    Cell,
    Group,
    Item,
    Line,
    Literal,
    Node,
    Run,
    scalar_name,
)

_VERTICAL = re.compile(r"^\s*(?:\\vdots|\u22ee|:|\.\.\.|vdots)\s*$")
_GROUP = re.compile(r"^(?:query|case|test|testcase|op|event)$", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(?:one of|either|formats|types|kinds|any of)\b", re.IGNORECASE
)
_PLACE = "\0"


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
        found = _block(pending, lines[position + 1 :])
        if found is None:
            return None
        block, used_before, used_after = found
        before = _plain_lines(pending[: len(pending) - used_before])
        if before is None:
            return None
        nodes += [*before, block]
        pending = []
        position += 1 + used_after
    rest = _plain_lines(pending)
    return None if rest is None else [*nodes, *rest]


def _plain_lines(lines: list[list[Token]]) -> list[Node] | None:
    nodes: list[Node] = []
    for line in lines:
        items = _items(line)
        if items is None:
            return None
        nodes.append(Line(items=tuple(items)))
    return nodes


def _block(
    before: list[list[Token]], after: list[list[Token]]
) -> tuple[Block, int, int] | None:
    """The block around vertical dots: its node, and the lines it used on both sides."""
    for size in range(1, min(len(before), len(after), 4) + 1):
        found = _template(before[-size:], after[:size])
        if found is None:
            continue
        lines, number, last = found
        used = size
        while len(before) >= used + size and number > 0:
            earlier = _template(before[len(before) - used - size : len(before) - used],
                                after[:size])
            if earlier is None or earlier[1] != number - 1:
                break
            number -= 1
            used += size
        return Block(first=number, last=last, lines=tuple(lines)), used, size
    return None


def _template(
    before: list[list[Token]], after: list[list[Token]]
) -> tuple[list[Line], int, Expr] | None:
    """A record that is both the one before the dots and the one after them.

    Returns:
        Its lines, the number of the record before, and the number of the record after.
    """
    ends: list[tuple[str, str]] = []
    lines = []
    for left, right in zip(before, after, strict=True):
        if left[0].kind == "vertical" or right[0].kind == "vertical":
            return None
        ends += _index_pairs(left, right)
    if not ends:
        return None
    number, last = ends[0]
    last_expr = _expression(last)
    if last_expr is None:
        return None
    for left, right in zip(before, after, strict=True):
        items = _record_items(left, right, int(number), last_expr)
        if items is None:
            return None
        lines.append(Line(items=tuple(items)))
    return lines, int(number), last_expr


def _index_pairs(left: list[Token], right: list[Token]) -> list[tuple[str, str]]:
    """Subscripts that are a number before the dots and something else after them."""
    first = next((t for t in left if t.kind == "ref"), None)
    other = next((t for t in right if t.kind == "ref"), None)
    if first is None or other is None:
        return []
    one, two = parse_ref(first.text), parse_ref(other.text)
    if one.base != two.base or len(one.subs) != len(two.subs):
        return []
    return [(a, b) for a, b in zip(one.subs, two.subs, strict=True) if a.isdigit() and a != b]


def _record_items(
    left: list[Token], right: list[Token], number: int, last: Expr
) -> list[Item] | None:
    """The items of one line of a record, with the index put in."""
    one, two = _pieces(left), _pieces(right)
    if one is None or two is None:
        return None
    if len(two) == 1 and len(two[0]) == 3 and len(one) >= 1 and all(len(p) == 2 for p in one):
        # "A_{2,1} A_{2,2}" before the dots, "A_{N,1} ... A_{N,N}" after: a triangle.
        one = [(one[0][0], one[-1][0], one[0][1])]
    elif len(one) == 1 and len(one[0]) == 3 and len(two) == 1 and len(two[0]) == 2:
        two = [(two[0][0], two[0][0], two[0][1])]
    if len(one) != len(two) or any(len(a) != len(b) for a, b in zip(one, two, strict=True)):
        return None
    items: list[Item] = []
    for a, b in zip(one, two, strict=True):
        unified = [
            _unify(x, y, number, last)
            for x, y in zip(a[:-1], b[:-1], strict=True)
            if isinstance(x, Ref) and isinstance(y, Ref)
        ]
        if len(unified) != len(a) - 1 or any(ref is None for ref in unified):
            return None
        refs = [ref for ref in unified if ref is not None]
        item = _record_item(refs, joined=bool(a[-1]))
        if item is None:
            return None
        items.append(item)
    return items


def _record_item(refs: list[Ref], *, joined: bool) -> Item | None:
    if len(refs) == 1:
        if refs[0].subs != (INDEX,):
            return None
        return Cell(name=refs[0].base, base=refs[0].base, column=True)
    first, last = refs
    if len(first.subs) != 2 or first.subs[0] != INDEX or last.subs[0] != INDEX:
        return None
    start, end = _expression(first.subs[1]), _expression(last.subs[1])
    if start is None or end is None:
        return None
    if joined:
        return Cell(name=first.base, base=first.base, column=True, length=_count(start, end))
    return Run(base=first.base, first=start, last=end, row=True)


def _unify(left: Ref, right: Ref, number: int, last: Expr) -> Ref | None:
    """One name for ``A_2`` and ``A_N``: ``A_idx``."""
    if left.base != right.base or len(left.subs) != len(right.subs):
        return None
    subs = []
    for a, b in zip(left.subs, right.subs, strict=True):
        if a == b:
            subs.append(a)
        elif a.isdigit():
            shift = int(a) - number
            if not _differs_by(b, last, shift):
                return None
            subs.append(INDEX if shift == 0 else f"{INDEX}+{shift}".replace("+-", "-"))
        else:
            inner = _unify(parse_ref(a), parse_ref(b), number, last)
            if inner is None or not inner.subs:
                return None
            subs.append(inner.text)
    text = f"{left.base}_{{{','.join(subs)}}}" if subs else left.base
    return Ref(base=left.base, subs=tuple(subs), text=text)


def _differs_by(text: str, other: Expr, shift: int) -> bool:
    """Whether two expressions always differ by a number (tried on two sets of values)."""
    expr = _expression(text)
    for salt in (1009, 4099):
        def lookup(ref: Ref, salt: int = salt) -> int:
            return salt + sum(map(ord, ref.text))

        a, b = (expr.value(lookup) if expr else None), other.value(lookup)
        if a is None or b is None or a - b != shift:
            return False
    return True


def _pieces(tokens: list[Token]) -> list[tuple[Ref, bool] | tuple[Ref, Ref, bool]] | None:
    """Single names and runs of a line, each with whether its parts are joined."""
    pieces: list[tuple[Ref, bool] | tuple[Ref, Ref, bool]] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind != "ref":
            return None
        ref = parse_ref(token.text)
        dots = next(
            (k for k in (1, 2, 3) if position + k + 1 < len(tokens)
             and tokens[position + k].kind == "dots"),
            None,
        )
        if dots is not None and all(
            t.kind == "ref" and parse_ref(t.text).base == ref.base
            for t in (*tokens[position : position + dots], tokens[position + dots + 1])
        ):
            joined = not tokens[position + 1].spaced
            pieces.append((ref, parse_ref(tokens[position + dots + 1].text), joined))
            position += dots + 2
            continue
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        if following is not None and following.kind == "dots":
            return None
        pieces.append((ref, False))
        position += 1
    return pieces


def _items(tokens: list[Token]) -> list[Item] | None:
    """The items of a line that no block repeats."""
    items: list[Item] = []
    while tokens and tokens[0].kind == "number":
        items.append(Literal(text=tokens[0].text))
        tokens = tokens[1:]
    refs = [token for token in tokens if token.kind == "ref"]
    joined = len(refs) == len(tokens) > 1 and not any(token.spaced for token in tokens[1:])
    if joined and len({parse_ref(token.text).base for token in refs}) == 1:
        ref = parse_ref(refs[0].text)
        name = scalar_name(ref)
        length = Expr(op="num", number=len(refs))
        return [*items, Cell(name=name, base=ref.base, length=length)]
    pieces = _pieces(tokens)
    if pieces is None:
        return None
    for piece in pieces:
        ref = piece[0]
        if len(piece) == 2:
            items.append(Cell(name=scalar_name(ref), base=_base(ref)))
            continue
        run = _run(ref, piece[1], joined=piece[2])
        if run is None:
            return None
        items.append(run)
    return items


def _base(ref: Ref) -> str:
    """``S_x`` is a name of its own; ``V_1`` is a member of ``V``."""
    return ref.base if all(sub.isdigit() for sub in ref.subs) else scalar_name(ref)


def _run(first: Ref, last: Ref, *, joined: bool) -> Item | None:
    differing = [
        (a, b) for a, b in zip(first.subs, last.subs, strict=False) if a != b
    ]
    if len(first.subs) != len(last.subs) or len(differing) != 1:
        return None
    start, end = (_expression(part) for part in differing[0])
    if start is None or end is None:
        return None
    if joined:
        return Cell(name=first.base, base=first.base, length=_count(start, end))
    return Run(base=first.base, first=start, last=end) if len(first.subs) == 1 else None


def _count(start: Expr, end: Expr) -> Expr:
    known = start.value()
    if known is not None:
        return end.plus(1 - known)
    return Expr(op="-", args=(end.plus(1), start))


def _expression(text: str) -> Expr | None:
    tokens = tokenize(text)
    reader = ExpressionReader(tokens)
    expr = reader.expression()
    return expr if reader.position == len(tokens) else None


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
