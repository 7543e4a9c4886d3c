"""What verdicts say about which entrants are right, exactly: every set of them is weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .judge_model import ALIKE, FIRST_RIGHT, SECOND_RIGHT, Floats, JudgeModel
from .right_sets import every_set

Integers = NDArray[np.int64]

EXACT_UP_TO = 16
"""Most entrants whose sets are all weighed; at 16 a verdict takes about a millisecond."""


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

    def hypotheses(self) -> Hypotheses:
        """The sets, the judge averaged out."""
        ...

    def chances(self) -> Floats:
        """``[outcome, kind]``: the chances of each outcome, averaged over the judges."""
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
        _reweigh(weights[None], first, second, chances[:, None])
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
    """A table of every set of right entrants and every judge of the grid.

    Weights are relative to those of the set of nobody, which no verdict changes; what a verdict
    says about the judge whoever is right is kept apart, in logarithms. One verdict multiplies a
    weight by at most 1.8, so a thousand of them stay within the range of floats.
    """

    def __init__(self, log_odds: Sequence[float], model: JudgeModel) -> None:
        self._entrants = len(log_odds)
        self._model = model
        self._table = np.tile(every_set(log_odds), (len(model.weights), 1))
        self._judges = np.log(model.weights)

    def observe(self, first: int, second: int, outcome: int) -> None:
        """Take the outcome of one match."""
        chances = self._model.chances[outcome]
        _reweigh(self._table, first, second, chances)
        self._judges += np.log(chances[ALIKE])

    def hypotheses(self) -> EverySet:
        """The sets, the judge averaged out."""
        return EverySet(self._entrants, np.exp(self._judges - self._judges.max()) @ self._table)

    def chances(self) -> Floats:
        """``[outcome, kind]``: the chances of each outcome, averaged over the judges."""
        weights = np.exp(self._judges - self._judges.max()) * self._table.sum(axis=1)
        averaged: Floats = self._model.chances @ (weights / weights.sum())
        return averaged


def _reweigh(table: Floats, first: int, second: int, chances: Floats) -> None:
    """Multiply the sets in which exactly one of two is right by its chance over that of alike.

    Args:
        table: ``[judge, set]``, changed in place.
        first: Who was shown first.
        second: Who was shown second.
        chances: ``[kind, judge]``.
    """
    low, high = sorted((first, second))
    cells = table.reshape(len(table), -1, 2, 1 << (high - low - 1), 2, 1 << low)
    one, other = chances[FIRST_RIGHT] / chances[ALIKE], chances[SECOND_RIGHT] / chances[ALIKE]
    if first == low:
        one, other = other, one
    cells[:, :, 1, :, 0] *= one[:, None, None, None]
    cells[:, :, 0, :, 1] *= other[:, None, None, None]
