"""What a judge's replies are worth: four shares, each as sums by problem. Pure.

With several replies to an input each input counts once, and what is measured is the chance of one
reply: the share of its replies, and for both orders of a set the share of all ways to take one
reply to each.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .answers import Answered
from .bootstrap import Ratio

MEASURES: Mapping[str, str] = {
    "accuracy": "pairwise accuracy",
    "consistent": "consistent accuracy",
    "format_errors": "format errors",
    "contradictions": "swap contradictions",
    "decided": "accuracy of readable verdicts",
}
"""Names of the measures, and what people call them."""

Parts = list[tuple[str, float, float]]


def measures_of(answers: Iterable[Answered]) -> dict[str, Ratio]:
    """The measures of :data:`MEASURES`.

    ``accuracy``: replies that name a right candidate; a reply without a readable verdict is wrong.
    ``consistent``: right in both orders of a set. ``format_errors``: replies without a readable
    verdict. ``contradictions``: of the sets whose orders all got a verdict, those where the same
    candidate was not named in all. ``decided``: right ones among the readable verdicts.

    Inputs without any answer are left out, and so are, for the second and the fourth, sets of
    which one order is missing or without an answer.
    """
    parts: dict[str, Parts] = {name: [] for name in MEASURES}
    sets: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for answer in answers:
        sets[answer.problem_id, answer.set_id].append(answer)
        if not answer.graded:
            continue
        problem, right = answer.problem_id, _share(answer, "right")
        parts["accuracy"].append((problem, right, 1.0))
        parts["format_errors"].append((problem, _share(answer, "format_error"), 1.0))
        parts["decided"].append((problem, right, _share(answer, "right", "wrong")))
    for (problem, _), orders in sets.items():
        if not is_whole(orders):
            continue
        parts["consistent"].append((problem, math.prod(_share(o, "right") for o in orders), 1.0))
        decided = math.prod(_share(o, "right", "wrong") for o in orders)
        same = math.fsum(
            math.prod(_names(order, candidate) for order in orders) for candidate in orders[0].order
        )
        # Both are products of shares: where they are equal, rounding must not make a negative.
        parts["contradictions"].append((problem, max(decided - same, 0.0), decided))
    return {name: Ratio.of(found) for name, found in parts.items()}


def is_whole(orders: Sequence[Answered]) -> bool:
    """Whether a set was judged in two orders at least, each with an answer."""
    return len(orders) > 1 and all(order.graded for order in orders)


def _share(answer: Answered, *levels: str) -> float:
    graded = answer.graded
    return sum(verdict.level in levels for verdict in graded) / len(graded)


def _names(answer: Answered, candidate: str) -> float:
    """The share of replies that name this candidate."""
    if candidate not in answer.order:
        return 0.0
    place = answer.order.index(candidate) + 1
    graded = answer.graded
    return sum(verdict.index == place for verdict in graded) / len(graded)
