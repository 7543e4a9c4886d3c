"""Bounds in the constraints of a problem statement.

Reads the inequalities out of text such as ``- 1 \\leq L_i \\leq R_i \\leq N`` (AtCoder,
Codeforces) and ``1 <= nums.length <= 10^5`` (LeetCode). What is not an inequality is skipped:
:mod:`bestofn.probes.stdin.facts` reads the prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .expressions import Expr, ExpressionReader, Ref, Token, tokenize

_SYMBOLS = (
    (r"\\(?:leqslant|leqq|leq|le)(?![a-zA-Z])|≤|⩽|&le;|&lt;=", "<="),
    (r"\\(?:geqslant|geqq|geq|ge)(?![a-zA-Z])|≥|⩾|&ge;|&gt;=", ">="),
    (r"\\lt(?![a-zA-Z])|&lt;", "<"),
    (r"\\gt(?![a-zA-Z])|&gt;", ">"),
    (r"\\(?:neq|ne)(?![a-zA-Z])|≠|&ne;", "!="),
    (r"\\(?:times|cdot|ast)(?![a-zA-Z])|\u00d7|\u00b7", "*"),
    (r"\\(?:dotsc|dotsb|ldots|cdots|dots)|…|⋯", "..."),
    (r"\\(?:implies|Rightarrow|Longrightarrow|iff)(?![a-zA-Z])|⇒", ";"),
    (r"\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])|\\\|", "|"),
    (r"\\(?:l|r)(?:floor|ceil)(?![a-zA-Z])", " "),
    (r"\\(?:left|right|bigl|bigr|big|Big|displaystyle|limits)(?![a-zA-Z])", ""),
    (r"\\(?:lbrace|\{)", "\ue000"),
    (r"\\(?:rbrace|\})", "\ue001"),
    (r"\\(?:min|max|sum|bmod|oplus)(?![a-zA-Z])", lambda m: m.group()[1:]),
    (r"\u2212|\u2013", "-"),
    (r"\s+_\s*(?=[{\w])|(?<=\w)_\s+(?=[{\w])", "_"),
)
_WRAPPERS = re.compile(
    r"\\(?:mathrm|mathit|mathtt|mathbf|text|texttt|textbf|rm|operatorname)\s*"
    r"\{([^{}]*)\}"
)
_SUM_OF_ALL = re.compile(
    r"(\|?(\w)_\{?1\}?\|?)\s*\+(?:\s*\|?\2_\{?2\}?\|?\s*\+)?\s*\.\.\.\s*\+\s*\|?\2_\{?\w+\}?\|?"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")


def normalise(text: str, *, braces: tuple[str, str] = ("(", ")")) -> str:
    """Plain operators and names for LaTeX and typographic ones.

    ``1 \\leq N \\leq 2 \\times 10^{5}`` becomes ``1 <= N <= 2 * 10^(5)``. Dollar signs stay:
    they say where a formula ends. Braces of sets become ``braces``.
    """
    text = re.sub(r"(?m)^[ \t]*[-*\u2022][ \t]+", "", text.replace("\r", ""))
    text = re.sub(r"(?<=\d)(?:\\[,;! ]|\{,\}|\u202f|\u00a0)(?=\d{3})", "", text)
    text = re.sub(r"\\[,;!:]|\\ |~|\u00a0|\u202f", " ", text)
    text = re.sub(r"\\\\", "\n", text)
    text = _WRAPPERS.sub(r"\1", text)
    for pattern, plain in _SYMBOLS:
        text = re.sub(pattern, plain, text)
    text = re.sub(r"\{([A-Za-z]_[A-Za-z0-9])\}(?=\})", r"\1", text)
    text = re.sub(r"\s*\^\s*\{([^{}]*)\}", r"^(\1)", text)
    while True:
        replaced = _FRACTION.sub(
            lambda m: f"(({m.group(1) or m.group(2)})/({m.group(3) or m.group(4)}))", text
        )
        if replaced == text:
            break
        text = replaced
    text = re.sub(
        r"((?:<|>|=)\s*)(\d{1,3}(?:,\d{3})+)(?![\d,])",
        lambda m: m.group(1) + m.group(2).replace(",", ""),
        text,
    )
    text = re.sub(r"\s+\^\s*", "^", text)
    text = _SUM_OF_ALL.sub(r"sum \1", text)
    text = re.sub(r"sum_(?:\{[^{}]*\}|\w)(?:\^(?:\([^()]*\)|\w))?\s*", "sum ", text)
    return text.replace("\ue000", braces[0]).replace("\ue001", braces[1])


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Two expressions and what holds between them.

    Attributes:
        op: ``<``, ``<=``, ``!=`` or ``==``.
    """

    left: Expr
    op: str
    right: Expr


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chained inequality such as ``1 <= L, R <= N``.

    Attributes:
        groups: The places of the chain; several expressions where commas listed them.
        ops: What stands between neighbouring groups, never ``>`` or ``>=``.
    """

    groups: tuple[tuple[Expr, ...], ...]
    ops: tuple[str, ...]

    def relations(self) -> tuple[Relation, ...]:
        """What the chain says of each neighbouring pair."""
        return tuple(
            Relation(left=left, op=op, right=right)
            for op, lefts, rights in zip(self.ops, self.groups, self.groups[1:], strict=False)
            for left in lefts
            for right in rights
            if "dots" not in (left.op, right.op)
        )

    def ordered(self) -> tuple[Ref, bool] | None:
        """The list that ``a_1 < a_2 < ... < a_N`` puts in order, and whether strictly."""
        for place, group in enumerate(self.groups):
            if group[0].op == "dots" and 0 < place < len(self.groups) - 1:
                before = self.groups[place - 1][0].ref
                after = self.groups[place + 1][0].ref
                if before is not None and after is not None and before.base == after.base:
                    return before, self.ops[place - 1] == "<"
        return None


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Between which ends a name lies.

    Attributes:
        name: As written: ``N``, ``A_i``, ``|S|``, ``nums.length``, ``nums[i]``.
        low, high: Inclusive ends (a strict end is moved by one), or None where the text gives
            none. They are the outermost of their chain: in ``1 <= L <= R <= N`` both ``L``
            and ``R`` lie between 1 and ``N``. Use ``.value()`` for a number, and a lookup for
            symbolic ends.
        ref: The parts of the name.
    """

    name: str
    low: Expr | None
    high: Expr | None
    ref: Ref


def parse_chains(text: str) -> tuple[Chain, ...]:
    """Every chained inequality of the text, in order; other words are skipped."""
    chains: list[Chain] = []
    for line in re.split(r"\n|;", normalise(text)):
        chains += _line_chains(tokenize(line))
    return tuple(chains)


def parse_relations(text: str) -> tuple[Relation, ...]:
    """What each chain of the text says of its neighbours."""
    return tuple(relation for chain in parse_chains(text) for relation in chain.relations())


def parse_bounds(text: str) -> tuple[Bound, ...]:
    """Every name that a chain bounds, with its outermost ends.

    A name that several chains bound comes several times. Names that quantify (``i`` in
    ``(1 <= i <= N)``) come too.
    """
    return tuple(bound for chain in parse_chains(text) for bound in chain_bounds(chain))


def chain_bounds(chain: Chain) -> list[Bound]:
    """Every name of one chain, with its outermost ends."""
    if any(op == "!=" for op in chain.ops):
        return []
    listed = chain.ordered()
    if listed is not None:
        return _ordered_bounds(chain, listed[0])
    bounds = []
    for place, group in enumerate(chain.groups):
        low = _outer_end(chain, place, -1)
        high = _outer_end(chain, place, 1)
        for expr in group:
            if expr.ref is not None and (low is not None or high is not None):
                bounds.append(Bound(name=str(expr.ref), low=low, high=high, ref=expr.ref))
    return bounds


def _ordered_bounds(chain: Chain, member: Ref) -> list[Bound]:
    """One bound for all members of ``low < a_1 < ... < a_N < high``."""
    low, high = chain.groups[0][0], chain.groups[-1][0]
    outer = member.subs[:-1]
    index = "j" if "i" in outer else "i"
    text = f"{member.base}_{{{','.join((*outer, index))}}}" if outer else f"{member.base}_i"
    ref = Ref(base=member.base, subs=(*outer, index), text=text)
    low_end = None if _is_member(low, member) else low.plus(int(chain.ops[0] == "<"))
    high_end = None if _is_member(high, member) else high.plus(-int(chain.ops[-1] == "<"))
    return [Bound(name=ref.text, low=low_end, high=high_end, ref=ref)]


def _is_member(expr: Expr, member: Ref) -> bool:
    return expr.ref is not None and expr.ref.base == member.base


def _outer_end(chain: Chain, place: int, step: int) -> Expr | None:
    """The chain's end in one direction, strict steps on the way added in."""
    end = 0 if step < 0 else len(chain.groups) - 1
    if place == end:
        equal = chain.ops[place - 1 if step > 0 else place] == "=="
        other = chain.groups[place - step]
        return other[0] if equal and len(other) == 1 else None
    if len(chain.groups[end]) != 1:
        return None
    between = chain.ops[place:end] if step > 0 else chain.ops[end:place]
    strict = sum(op == "<" for op in between)
    return chain.groups[end][0].plus(-step * strict)


def _line_chains(tokens: list[Token]) -> list[Chain]:
    """Chains of one line: runs of expression lists joined by comparisons."""
    chains: list[Chain] = []
    groups: list[list[Expr]] = []
    ops: list[str] = []

    def close() -> None:
        if ops and len(groups) == len(ops) + 1:
            chain = _directed(groups, ops)
            if chain is not None:
                chains.append(chain)
        groups.clear()
        ops.clear()

    position = 0
    while position < len(tokens):
        listed, after = _read_list(tokens, position)
        if not listed:
            close()
            position += 1
            continue
        next_is_op = after < len(tokens) and tokens[after].kind == "op"
        numbers = any(expr.ref is None for expr in listed)
        if ops and next_is_op and len(listed) > 1 and (numbers or len(ops) > 1):
            # "... <= N, 1 <= ...": the comma ends one chain and the next begins after it.
            groups.append([listed[0]])
            close()
            listed = [listed[-1]]
        elif ops and not next_is_op:
            listed = listed[:1]
        elif not ops and len(listed) > 1 and any(e.ref is None for e in listed):
            listed = [listed[-1]]
        groups.append(listed)
        if next_is_op:
            ops.append(tokens[after].text)
            position = after + 1
        else:
            close()
            position = after
    close()
    return chains


def _read_list(tokens: list[Token], position: int) -> tuple[list[Expr], int]:
    """Expressions separated by commas from a position on, and where they end."""
    reader = ExpressionReader(tokens, position)
    listed: list[Expr] = []
    while True:
        mark = reader.position
        expr = reader.expression()
        if expr is None:
            # A comma that nothing follows belongs to the prose.
            return listed, mark - 1 if listed else mark
        listed.append(expr)
        token = reader.peek()
        if token is None or token.text != ",":
            return listed, reader.position
        reader.position += 1


def _directed(groups: list[list[Expr]], ops: list[str]) -> Chain | None:
    """A chain that only rises, or None for one that mixes directions."""
    plain = ["==" if op == "=" else op for op in ops]
    lists = [tuple(group) for group in groups]
    if any(op.startswith(">") for op in plain):
        if any(op.startswith("<") for op in plain):
            return None
        plain = [op.replace(">", "<") for op in reversed(plain)]
        lists.reverse()
    return Chain(groups=tuple(lists), ops=tuple(plain))
