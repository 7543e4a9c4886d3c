"""What a tournament believes about an unknown judge, and what it may say about two entrants.

A judge has an accuracy and a position bias. With the probability of its bias it names a slot
without looking, the first one (or the second one, for a negative bias). Otherwise, of a right
and a wrong entrant it names the right one with the probability of its accuracy, and of two
alike either one. Neither number is known beforehand: a small grid of both is carried along,
and the verdicts tell which of its points explain them.

A tie or an abstention is thought to be as likely whoever plays, so it tells nothing; only when
each match stands for both orders, a tie (the orders contradict each other) tells a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Kinds of a match, the second axis of `JudgeModel.chances`.
ALIKE, FIRST_RIGHT, SECOND_RIGHT = range(3)
# Outcomes of a match, the first axis.
FIRST, SECOND, TIE = range(3)

# Three accuracies and four biases, with prior weights: coarse on purpose. In simulations with
# judges of 60-90 % and biases of -20 to 50 % finer grids chose no better.
_ACCURACIES = ((0.6, 1.0), (0.75, 1.5), (0.9, 1.0))
_BIASES = ((-0.2, 0.5), (0.0, 1.5), (0.15, 1.5), (0.4, 1.0))


@dataclass(frozen=True, kw_only=True)
class JudgeModel:
    """The grid of judges that are thought possible.

    Attributes:
        chances: ``[outcome, kind, judge]``, the probability of each outcome of a match of each
            kind. There is no third outcome unless each match stands for both orders.
        weights: ``[judge]``, the prior; adds up to 1.
    """

    chances: Floats
    weights: Floats


def judge_model(*, both_orders: bool) -> JudgeModel:
    """The grid for judges that answer a match in one order, or in both at once."""
    grid = [(a, b, u * v) for a, u in _ACCURACIES for b, v in _BIASES]
    accuracy, bias, weights = np.array(grid).T
    blind, looks = np.maximum(bias, 0.0), 1 - np.abs(bias)
    fair = np.stack([np.full_like(accuracy, 0.5), accuracy, 1 - accuracy])
    first = blind + looks * fair
    chances = np.stack([first, 1 - first])
    if both_orders:
        again = 1 - first[[ALIKE, SECOND_RIGHT, FIRST_RIGHT]]
        agreed = [first * again, (1 - first) * (1 - again)]
        chances = np.stack([*agreed, 1 - agreed[0] - agreed[1]])
    return JudgeModel(chances=chances, weights=weights / weights.sum())
