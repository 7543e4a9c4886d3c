"""Names, numbers and arithmetic as constraint lines write them.

``2 \\times 10^5``, ``N(N-1)/2``, ``\\min(N, 100)``, ``|S_i|``, ``nums[i].length`` become small
trees that can be evaluated once the values of the names are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Measure = Literal["value", "length", "bars", "sum"]

_MAX_EXPONENT = 64
_MAX_DEPTH = 25
_MAX_TERMS = 40
_MAX_DIGITS = 60
_MAX_BASE = 10**6

_TOKEN = re.compile(
    r"""
    (?P<number>\d+)
  | (?P<ref>(?:[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z]{2,}[A-Za-z0-9]*(?![A-Za-z0-9]))*)
        (?:_(?:\{[^{}]*\}|[A-Za-z0-9]))?
        (?:\[[^\[\]]*\]|\.length\b|\.size\(\)|\.size\b)*'*)
  | (?P<op><=|>=|!=|==|<|>|=)
  | (?P<dots>\.\.\.)
  | (?P<arith>[-+*/^(),|])
  | (?P<edge>\$)
  | (?P<other>\S)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A name as a statement writes it.

    Attributes:
        base: The name without subscripts: ``A`` of ``A_{i,j}``, ``nums`` of ``nums[i].length``.
        subs: Subscripts in order, as text: ``("i", "j")``.
        measure: ``length`` for ``nums.length``; ``bars`` for ``|S|``, which is a length for
            text and an absolute value for numbers; ``sum`` for a sum over all subscripts.
        text: How it was written, without bars.
    """

    base: str
    subs: tuple[str, ...] = ()
    measure: Measure = "value"
    text: str = ""

    def __str__(self) -> str:
        if self.measure == "bars":
            return f"|{self.text}|"
        return f"sum({self.text})" if self.measure == "sum" else self.text


Lookup = Callable[[Ref], int | None]


@dataclass(frozen=True, kw_only=True)
class Expr:
    """An arithmetic tree.

    Attributes:
        op: ``num``, ``ref``, an operator of ``+ - * / ^``, ``neg``, ``min``, ``max``, or
            ``dots`` for an omission, which has no value.
        args: The operands.
        number: The value of a ``num``.
        ref: The name of a ``ref``.
    """

    op: str
    args: tuple[Expr, ...] = ()
    number: int = 0
    ref: Ref | None = None

    def value(self, lookup: Lookup | None = None) -> int | None:
        """The number it stands for, or None when a name in it has no value.

        Args:
            lookup: Gives the value of a name, or None for an unknown one.
        """
        if self.op == "num":
            return self.number
        if self.op == "ref":
            assert self.ref is not None
            return lookup(self.ref) if lookup else None
        if self.op == "dots":
            return None
        values = [arg.value(lookup) for arg in self.args]
        known = [value for value in values if value is not None]
        if len(known) != len(values):
            return None
        return _apply(self.op, known)

    def refs(self) -> Iterator[Ref]:
        """Every name in it, left to right."""
        if self.ref is not None:
            yield self.ref
        for arg in self.args:
            yield from arg.refs()

    def plus(self, amount: int) -> Expr:
        """This expression with a number added; numbers are folded."""
        if amount == 0:
            return self
        folded = self.value()
        if folded is not None:
            return number(folded + amount)
        return Expr(op="+", args=(self, number(amount)))


def number(value: int) -> Expr:
    """A constant."""
    return Expr(op="num", number=value)


def _apply(op: str, values: list[int]) -> int | None:
    if op == "neg":
        return -values[0]
    if op == "min":
        return min(values)
    if op == "max":
        return max(values)
    left, right = values
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    if op == "*":
        return left * right
    if op == "/":
        return left // right if right else None
    if right < 0 or right > _MAX_EXPONENT or abs(left) > _MAX_BASE:
        return None
    return int(left**right)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A piece of a constraint line: its kind, its text, and whether blanks come before it."""

    kind: str
    text: str
    spaced: bool


def tokenize(text: str) -> list[Token]:
    """Pieces of normalised text (see :func:`bestofn.probes.constraints.normalise`)."""
    tokens: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        tokens.append(Token(kind=kind, text=match.group(), spaced=match.start() > end))
        end = match.end()
    return tokens


def parse_ref(text: str) -> Ref:
    """The parts of a name such as ``A_{i,j}``, ``nums[i].length`` or ``N``."""
    measure: Measure = "value"
    shown = text
    head = re.sub(r"(\.length|\.size\(\)|\.size)$", "", text)
    if head != text:
        measure = "length"
    match = re.match(r"([^\[\]{}.]*?)(?:_(\{[^{}]*\}|[A-Za-z0-9]))?((?:\[[^\[\]]*\])*)'*$", head)
    if match is None:
        return Ref(base=head, measure=measure, text=shown)
    base, sub, brackets = match.groups()
    subs = [part.strip() for part in (sub or "").strip("{}").split(",") if part.strip()]
    if len(subs) == 1 and re.fullmatch(r"[ijk]{2}", subs[0]):
        subs = list(subs[0])
    subs += [part.strip() for part in re.findall(r"\[([^\[\]]*)\]", brackets)]
    return Ref(base=base, subs=tuple(subs), measure=measure, text=shown)


class ExpressionReader:
    """Reads expressions from tokens, as far as they go (recursive descent)."""

    def __init__(self, tokens: list[Token], position: int = 0) -> None:
        self.tokens = tokens
        self.position = position
        self.depth = 0

    def peek(self) -> Token | None:
        """The next token, or None at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _take(self, *texts: str) -> bool:
        token = self.peek()
        if token is not None and token.kind == "arith" and token.text in texts:
            self.position += 1
            return True
        return False

    def expression(self) -> Expr | None:
        """The longest sum from here, or None (and no move) when there is none."""
        start = self.position
        self.depth += 1
        left = self._product() if self.depth <= _MAX_DEPTH else None
        self.depth -= 1
        if left is None:
            self.position = start
            return None
        for _ in range(_MAX_TERMS):
            mark = self.position
            if not self._take("+", "-"):
                break
            right = self._product()
            if right is None:
                self.position = mark
                break
            left = Expr(op=self.tokens[mark].text, args=(left, right))
        return left

    def _product(self) -> Expr | None:
        left = self._power()
        for _ in range(_MAX_TERMS):
            if left is None:
                return None
            mark = self.position
            token = self.peek()
            if self._take("*", "/"):
                op = self.tokens[mark].text
            elif (
                token is not None
                and not token.spaced
                and (token.kind == "ref" or token.text == "(")
            ):
                op = "*"
            else:
                return left
            right = self._power()
            if right is None:
                self.position = mark
                return left
            left = Expr(op=op, args=(left, right))
        return left

    def _power(self) -> Expr | None:
        negative = False
        while self._take("-"):
            negative = not negative
        result = self._atom()
        mark = self.position
        if result is not None and self._take("^"):
            exponent = self._atom()
            if exponent is None:
                self.position = mark
            else:
                result = Expr(op="^", args=(result, exponent))
        return Expr(op="neg", args=(result,)) if negative and result is not None else result

    def _atom(self) -> Expr | None:
        token = self.peek()
        if token is None:
            return None
        if token.kind == "dots":
            self.position += 1
            return Expr(op="dots")
        if token.kind == "number":
            if len(token.text) > _MAX_DIGITS:
                return None
            self.position += 1
            return number(int(token.text))
        if token.kind == "ref":
            self.position += 1
            if token.text in ("min", "max") and self._take("("):
                return self._arguments(token.text)
            if token.text == "sum":
                return self._sum()
            return Expr(op="ref", ref=parse_ref(token.text))
        if self._take("("):
            inner = self.expression()
            return inner if inner is not None and self._take(")") else None
        if self._take("|"):
            inner = self.expression()
            if inner is None or inner.ref is None or not self._take("|"):
                return None
            ref = inner.ref
            bars = Ref(base=ref.base, subs=ref.subs, measure="bars", text=ref.text)
            return Expr(op="ref", ref=bars)
        return None

    def _sum(self) -> Expr | None:
        bracketed = self._take("(")
        barred = self._take("|")
        token = self.peek()
        if token is None or token.kind != "ref":
            return None
        self.position += 1
        if (barred and not self._take("|")) or (bracketed and not self._take(")")):
            return None
        ref = parse_ref(token.text)
        summed = Ref(base=ref.base, subs=ref.subs, measure="sum", text=ref.text)
        return Expr(op="ref", ref=summed)

    def _arguments(self, op: str) -> Expr | None:
        args = []
        while True:
            arg = self.expression()
            if arg is None:
                return None
            args.append(arg)
            if self._take(")"):
                return Expr(op=op, args=tuple(args))
            if not self._take(","):
                return None
