"""Which entrants may be right, before any verdict.

How many are right follows a beta-binomial law: the share of right ones is Beta(0.6, 0.6), so
that problems which nearly all or nearly no samples solve are common. Given how many, a set's
probability is proportional to the product of its members' prior odds; adding the same to
everybody's log odds therefore changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .judge_model import Floats

SHARE = (0.6, 0.6)
"""Of right entrants, as a beta law."""


def log_sizes(entrants: int) -> Floats:
    """Log probability that 0, 1, ... all of the entrants are right."""
    a, b = SHARE
    logs = [
        math.lgamma(entrants + 1)
        - math.lgamma(right + 1)
        - math.lgamma(entrants - right + 1)
        + math.lgamma(a + right)
        + math.lgamma(b + entrants - right)
        for right in range(entrants + 1)
    ]
    normalised: Floats = np.array(logs) - np.logaddexp.reduce(logs)
    return normalised


def log_totals(log_odds: Sequence[float]) -> Floats:
    """For each tail of the entrants and each size, the log of the total odds of its sets.

    Row ``i``, column ``k``: the logarithm of the ``k``-th elementary symmetric polynomial of
    the odds of the entrants from ``i`` on.
    """
    count = len(log_odds)
    totals: Floats = np.full((count + 1, count + 1), -np.inf)
    totals[count, 0] = 0.0
    for row in range(count - 1, -1, -1):
        totals[row, 0] = 0.0
        totals[row, 1:] = np.logaddexp(totals[row + 1, 1:], totals[row + 1, :-1] + log_odds[row])
    return totals


def every_set(log_odds: Sequence[float]) -> Floats:
    """The probability of every set of right entrants; bit ``i`` of the index is entrant ``i``."""
    sizes, odds = np.zeros(1, dtype=np.int64), np.zeros(1)
    for own in log_odds:
        sizes, odds = np.concatenate([sizes, sizes + 1]), np.concatenate([odds, odds + own])
    logs = odds + (log_sizes(len(log_odds)) - log_totals(log_odds)[0])[sizes]
    weights: Floats = np.exp(logs - np.logaddexp.reduce(logs))
    return weights


def sample_sets(
    log_odds: Sequence[float], count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Sets of right entrants drawn from the prior, one a row."""
    entrants = len(log_odds)
    totals = log_totals(log_odds)
    left = rng.choice(entrants + 1, size=count, p=np.exp(log_sizes(entrants)))
    drawn = np.zeros((count, entrants), dtype=np.bool_)
    for one in range(entrants):
        with np.errstate(invalid="ignore"):  # -inf minus -inf, where nobody is left to draw
            log_chance = log_odds[one] + totals[one + 1, left - 1] - totals[one, left]
        chance = np.where(left > 0, np.exp(log_chance), 0.0)
        drawn[:, one] = rng.random(count) < chance
        left = left - drawn[:, one]
    return drawn
