"""Lines and records of a format: names, runs with dots, records that are repeated.

A record is found by comparing the lines before vertical dots with those after them: where one
has a number and the other an expression, there is the index.
"""

from __future__ import annotations

from ..expressions import Expr, ExpressionReader, Ref, Token, parse_ref, tokenize
from .grammar import INDEX, Block, Cell, Item, Line, Literal, Node, Run, scalar_name


def plain_lines(lines: list[list[Token]]) -> list[Node] | None:
    """One node a line, without repetition; None when a line cannot be read."""
    nodes: list[Node] = []
    for line in lines:
        items = _items(line)
        if items is None:
            return None
        nodes.append(Line(items=tuple(items)))
    return nodes


def find_block(
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
            earlier = _template(
                before[len(before) - used - size : len(before) - used], after[:size]
            )
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
    return [(a, b) for a, b in zip(one.subs, two.subs, strict=True) if a.isdecimal() and a != b]


def _record_items(
    left: list[Token], right: list[Token], number: int, last: Expr
) -> list[Item] | None:
    """The items of one line of a record, with the index put in."""
    one, two = _pieces(left), _pieces(right)
    if one is None or two is None:
        return None
    if len(two) == 1 and len(two[0]) == 3 and len(one) >= 1 and all(len(p) == 2 for p in one):
        # "A_{2,1} A_{2,2}" before the dots, "A_{N,1} ... A_{N,N}" after: a triangle.
        one = [(one[0][0], one[-1][0], False)]
    elif len(one) == 1 and len(one[0]) == 3 and len(two) == 1 and len(two[0]) == 2:
        two = [(two[0][0], two[0][0], False)]
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
        elif a.isdecimal():
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
            (
                k
                for k in (1, 2, 3)
                if position + k + 1 < len(tokens) and tokens[position + k].kind == "dots"
            ),
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
    return ref.base if all(sub.isdecimal() for sub in ref.subs) else scalar_name(ref)


def _run(first: Ref, last: Ref, *, joined: bool) -> Item | None:
    differing = [(a, b) for a, b in zip(first.subs, last.subs, strict=False) if a != b]
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
