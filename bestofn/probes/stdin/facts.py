"""What the constraints of a statement say of its input."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace

from ..constraints import Bound, Chain, Relation
from ..expressions import Expr, Ref, parse_ref
from .grammar import scalar_name

NAME = r"[A-Za-z][A-Za-z]*'?(?:_(?:\{[^{}]*\}|\w))?'?(?:\[[^\]]*\])*"


@dataclass(kw_only=True)
class Facts:
    """What the constraints say, with names as the input format writes them.

    Attributes:
        chains: The inequalities, each with the kinds of query (from 0) it speaks of, or None
            for all.
        bounds: The same as bounds; lengths from prose are ``length`` bounds.
        alphabets: Characters a text may hold, by base name.
        words: The only values a token may take, by base name.
        distinct: Names whose values (``joint``; ``rows`` within each row of a table) or
            tuples of values (``tuple``; ``set`` when their order does not count) never repeat.
        ordered: Lists in order, and whether strictly.
        permutations: Lists that hold 1..N.
        parity: Names that must be odd (1) or even (0).
        totals: Names whose sum over all test cases has a limit.
        tree, connected, simple: What the given graph is.
        once: Characters that occur exactly once in all texts of a base name together.
        about: What sentences that were not understood speak of: ``graph``, ``grid``.
        frozen: Names that a sentence mentions which was not understood.
        doubtful: A sentence was not understood and names nothing.
    """

    chains: list[tuple[Chain, frozenset[int] | None]] = field(default_factory=list)
    bounds: list[tuple[Bound, frozenset[int] | None]] = field(default_factory=list)
    alphabets: dict[str, str] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    distinct: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    ordered: dict[str, bool] = field(default_factory=dict)
    permutations: set[str] = field(default_factory=set)
    parity: dict[str, int] = field(default_factory=dict)
    totals: list[tuple[Ref, Expr]] = field(default_factory=list)
    tree: bool = False
    connected: bool = False
    simple: bool = False
    once: dict[str, str] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)
    doubtful: bool = False

    def relations(self) -> list[tuple[Relation, frozenset[int] | None]]:
        """Every pair of neighbours in the chains."""
        return [(relation, kinds) for chain, kinds in self.chains for relation in chain.relations()]


def merge(facts: Facts, said: Facts) -> None:
    """Adds to the first what the second says."""
    for item in fields(Facts):
        old, new = getattr(facts, item.name), getattr(said, item.name)
        if isinstance(old, list):
            old += new
        elif isinstance(old, bool):
            setattr(facts, item.name, old or new)
        else:
            old.update(new)


def known_names(text: str, names: Collection[str]) -> list[Ref]:
    """Names of the format that a text mentions."""
    refs = []
    for match in re.finditer(r"(?<![\w\\])\|?" + NAME + r"(?!\w)", text):
        ref = _renamed(parse_ref(match.group().strip("|")), names)
        if ref.base in names:
            refs.append(ref)
    return refs


def _renamed(ref: Ref, names: Collection[str]) -> Ref:
    """A name such as ``S_x`` that the format gives to one token is not a member of ``S``."""
    whole = scalar_name(ref)
    if ref.subs and whole in names:
        return replace(ref, base=whole, subs=())
    return ref


def rename(expr: Expr, names: Collection[str]) -> Expr:
    """An expression with the names that the format uses."""
    args = tuple(rename(arg, names) for arg in expr.args)
    return replace(expr, args=args, ref=_renamed(expr.ref, names) if expr.ref else None)


def bound_chain(bound: Bound) -> Chain:
    """A bound as an inequality."""
    middle = Expr(op="ref", ref=bound.ref)
    groups = [(expr,) for expr in (bound.low, middle, bound.high) if expr is not None]
    return Chain(groups=tuple(groups), ops=("<=",) * (len(groups) - 1))
