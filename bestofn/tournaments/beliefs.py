"""What verdicts say about which entrants are right, exactly: every set of them is weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .judge_model import ALIKE, FIRST_RIGHT, SECOND_RIGHT, Floats, JudgeModel
from .right_sets import every_set

Integers = NDArray[np.int64]

EXACT_UP_TO = 16
"""Most entrants whose sets are all weighed."""


class Hypotheses(Protocol):
    """Weighed sets of right entrants, the judge averaged out."""

    def right(self) -> Floats:
        """For each entrant, the probability that it is right."""
        ...

    def nobody(self) -> float:
        """The probability that no entrant is right."""
        ...

    def together(self, who: Integers) -> Floats:
        """``[i, j, c]``: the probability that all three of those entrants are right."""
        ...

    def after(self, first: int, second: int, chances: Floats) -> Hypotheses:
        """What would be believed after an outcome that has these chances for each kind."""
        ...


class Belief(Protocol):
    """Sets of right entrants and judges, weighed by the verdicts so far."""

    def observe(self, first: int, second: int, outcome: int) -> None:
        """Take the outcome of one match."""
        ...

    def now(self) -> tuple[Hypotheses, Floats]:
        """What is believed of the entrants, and of the judge.

        Returns:
            The sets, the judge averaged out; and ``[outcome, kind]``, the chances of each
            outcome, averaged over the judges.
        """
        ...


class EverySet:
    """A weight for each set; bit ``i`` of the index says whether entrant ``i`` is right."""

    def __init__(self, entrants: int, weights: Floats) -> None:
        self._entrants = entrants
        self._weights = weights / weights.sum()
        self._supersets: Floats | None = None

    def right(self) -> Floats:
        """For each entrant, the probability that it is right."""
        marginals: Floats = self._of_supersets()[1 << np.arange(self._entrants)]
        return marginals

    def nobody(self) -> float:
        """The probability that no entrant is right."""
        return float(self._weights[0])

    def together(self, who: Integers) -> Floats:
        """``[i, j, c]``: the probability that all three of those entrants are right."""
        bits = 1 << who
        joint: Floats = self._of_supersets()[bits[:, None, None] | bits[:, None] | bits]
        return joint

    def after(self, first: int, second: int, chances: Floats) -> EverySet:
        """What would be believed after an outcome that has these chances for each kind."""
        weights = self._weights.copy()
        only(weights, first, second)[...] *= chances[FIRST_RIGHT] / chances[ALIKE]
        only(weights, second, first)[...] *= chances[SECOND_RIGHT] / chances[ALIKE]
        return EverySet(self._entrants, weights)

    def _of_supersets(self) -> Floats:
        """For each set, the total weight of the sets that hold it."""
        if self._supersets is None:
            totals = self._weights.copy()
            for entrant in range(self._entrants):
                halves = totals.reshape(-1, 2, 1 << entrant)
                halves[:, 0] += halves[:, 1]
            self._supersets = totals
        return self._supersets


class ExactBelief:
    """Every set of right entrants, with the outcomes that it would have to explain.

    How likely a set makes the verdicts depends only on how many matches of each kind came out
    how, were the set right. So these numbers are kept, not a weight for each set and judge:
    sets with the same numbers share one computation, and a tournament that waits for its judge
    holds a megabyte at 16 entrants.
    """

    def __init__(self, log_odds: Sequence[float], model: JudgeModel) -> None:
        self._entrants = len(log_odds)
        self._model = model
        self._prior = every_set(log_odds)
        self._outcomes = np.zeros(len(model.chances), dtype=np.int64)
        # [outcome, FIRST_RIGHT or SECOND_RIGHT, set]: matches of the kind that came out so; the
        # rest of the outcomes are those of matches between two alike.
        self._counts = np.zeros((len(model.chances), 2, len(self._prior)), dtype=np.uint16)

    def observe(self, first: int, second: int, outcome: int) -> None:
        """Take the outcome of one match."""
        self._outcomes[outcome] += 1
        for kind, right, wrong in ((0, first, second), (1, second, first)):
            only(self._counts[outcome, kind], right, wrong)[...] += 1

    def now(self) -> tuple[EverySet, Floats]:
        """What is believed of the entrants, and of the judge; see :meth:`Belief.now`."""
        cell, likely = self._cells()
        judges = np.bincount(cell, weights=self._prior, minlength=len(likely)) @ likely
        chances: Floats = self._model.chances @ (judges / judges.sum())
        return EverySet(self._entrants, self._prior * likely.sum(axis=1)[cell]), chances

    def _cells(self) -> tuple[Integers, Floats]:
        """For each set its cell, and for each cell and judge how likely they make the verdicts."""
        counts = self._counts.reshape(-1, len(self._prior))
        widths = tuple(np.repeat(self._outcomes + 1, 2).tolist())
        cell: Integers = np.arange(len(self._prior))
        if math.prod(widths) <= len(self._prior):
            cell = np.asarray(np.ravel_multi_index(tuple(counts), widths))
            counts = np.indices(widths, dtype=np.uint16).reshape(len(widths), -1)
        logs = np.log(self._model.chances)
        apart = logs[:, [FIRST_RIGHT, SECOND_RIGHT]] - logs[:, [ALIKE]]
        alike = self._outcomes @ logs[:, ALIKE] + np.log(self._model.weights)
        log_likely = counts.T @ apart.reshape(len(counts), -1) + alike
        likely: Floats = np.exp(log_likely - log_likely.max())
        return cell, likely


def only(values: NDArray[Any], right: int, wrong: int) -> NDArray[Any]:
    """A view of the values of the sets that hold one entrant and not another.

    Args:
        values: One for each set; bit ``i`` of the index is entrant ``i``.
        right: Who is in the sets.
        wrong: Who is not.
    """
    low, high = sorted((right, wrong))
    cells = values.reshape(-1, 2, 1 << (high - low - 1), 2, 1 << low)
    return cells[:, int(high == right), :, int(low == right)]
