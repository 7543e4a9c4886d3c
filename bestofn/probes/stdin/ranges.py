"""Between which ends each name of an input lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..constraints import Bound
from ..expressions import Expr, Ref
from .evaluate import CannotEvaluate, Evaluator
from .grammar import Block, Cell, Env, Group, Node, Run
from .rules import Rules


class CannotDraw(Exception):
    """No values were found; internal to the probes."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the public samples hold, for what the statement leaves open.

    Attributes:
        numbers: Least and greatest value by base name.
        lengths: Least and greatest length of a text by base name.
        characters: Every character by base name.
    """

    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    characters: Mapping[str, str] = field(default_factory=dict)


class Ranges:
    """Finds the ends of names from what is known so far.

    Args:
        rules: What the statement says.
        seen: What the samples hold, for ends that the statement leaves open.
    """

    def __init__(self, rules: Rules, seen: Seen) -> None:
        self.rules = rules
        self.seen = seen
        self.sizes = size_names(rules)
        self._known_bounds: dict[tuple[str, int | None, str, str], list[Bound]] = {}

    def ends(
        self, base: str, env: Env, kind: int | None, name: str = "", measure: str = "value"
    ) -> tuple[Any, Any]:
        """The greatest low end and the least high end known now; arrays for columns."""
        lows, highs = [], []
        for bound in self.bounds(base, kind, name, measure):
            low = self.evaluate(bound.low, env)
            high = self.evaluate(bound.high, env)
            lows += [low] if low is not None else []
            highs += [high] if high is not None else []
        if measure == "value":
            fallback = self.seen.numbers.get(base, (0, 0))
        else:
            fallback = self.seen.lengths.get(base, (1, 1))
        low, high = _fold(np.maximum, lows), _fold(np.minimum, highs)
        low = fallback[0] if low is None else low
        high = fallback[1] if high is None else high
        if np.any(np.asarray(low) > np.asarray(high)):
            raise CannotDraw
        return low, high

    def bounds(self, base: str, kind: int | None, name: str, measure: str) -> list[Bound]:
        """Bounds on a name, from chains' outer ends and from their neighbours."""
        key = (base, kind, name, measure)
        if key not in self._known_bounds:
            self._known_bounds[key] = list(self._find_bounds(*key))
        return self._known_bounds[key]

    def _find_bounds(self, base: str, kind: int | None, name: str, measure: str) -> Iterator[Bound]:
        signed = measure == "value" and base in self.rules.numeric
        for bound, kinds in self.rules.facts.bounds:
            if kinds is not None and kind not in kinds:
                continue
            if _matches(bound.ref, base, name, measure):
                yield bound
            elif signed and _matches(bound.ref, base, name, "bars") and bound.high is not None:
                # |x| <= c says -c <= x <= c.
                yield replace(bound, low=Expr(op="neg", args=(bound.high,)))
        for relation, kinds in self.rules.relations_list:
            if (kinds is not None and kind not in kinds) or relation.op == "!=":
                continue
            strict = int(relation.op == "<")
            for side, other, is_left in (
                (relation.left, relation.right, True),
                (relation.right, relation.left, False),
            ):
                if side.ref is None or not _matches(side.ref, base, name, measure):
                    continue
                if relation.op == "==" or is_left:
                    yield Bound(
                        name=base,
                        low=other if relation.op == "==" else None,
                        high=other.plus(-strict),
                        ref=side.ref,
                    )
                else:
                    yield Bound(name=base, low=other.plus(strict), high=None, ref=side.ref)

    def evaluate(self, expr: Expr | None, env: Env) -> Any:
        """A number, an array over all records, or None when names are unknown yet."""
        if expr is None:
            return None
        evaluator = Evaluator(env)
        try:
            if not evaluator.survey(expr):
                return None
            return evaluator.value(expr)
        except CannotEvaluate:
            return None

    def number_ends(self, base: str, env: Env, kind: int | None, count: int) -> tuple[Any, Any]:
        """The ends of a list that has a known length."""
        low, high = self.ends(base, env, kind)
        if any(np.ndim(end) and len(end) != count for end in (low, high)):
            raise CannotDraw
        return low, high

    def length_ends(self, base: str, env: Env, kind: int | None) -> tuple[Any, Any]:
        """The least and the greatest length of texts."""
        found = [
            self.ends(base, env, kind, measure=measure)
            for measure in ("length", "bars")
            if self.bounds(base, kind, "", measure)
        ]
        if not found:
            return self.seen.lengths.get(base, (1, 1))
        low = _fold(np.maximum, [ends[0] for ends in found])
        high = _fold(np.minimum, [ends[1] for ends in found])
        return low, high


def size_names(rules: Rules) -> frozenset[str]:
    """Names that count something: records, members of lists, characters."""
    exprs: list[Expr] = []

    def visit(nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            if isinstance(node, Group):
                exprs.append(node.count)
                for body in node.bodies:
                    visit(body)
                continue
            if isinstance(node, Block):
                exprs.append(node.last)
            for line in node.lines if isinstance(node, Block) else (node,):
                for item in line.items:
                    if isinstance(item, Run):
                        exprs.append(item.last)
                    elif isinstance(item, Cell) and item.length is not None:
                        exprs.append(item.length)

    visit(rules.grammar)
    for bound, _ in rules.facts.bounds:
        if bound.ref.measure == "length" or (
            bound.ref.measure == "bars" and bound.ref.base not in rules.numeric
        ):
            exprs += [end for end in (bound.low, bound.high) if end is not None]
    return frozenset(ref.base for expr in exprs for ref in expr.refs())


def _matches(ref: Ref, base: str, name: str, measure: str) -> bool:
    if ref.measure != measure:
        return False
    if name and (ref.text == name or f"{ref.base}_{','.join(ref.subs)}" == name):
        return True
    return ref.base == base and not any(sub.isdecimal() or sub.isupper() for sub in ref.subs)


def _fold(choose: Any, values: list[Any]) -> Any:
    if not values:
        return None
    sizes = {len(value) for value in values if np.ndim(value)}
    if len(sizes) > 1:
        raise CannotDraw
    result = values[0]
    for value in values[1:]:
        result = choose(result, value)
    return result
