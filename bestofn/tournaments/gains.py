"""Which matches tell most about whom to choose.

The worth of a belief is the probability that the best entrant is right, smoothed: the largest
one alone does not move while several verdicts would be needed to overtake the leader, and then
every match would look idle. A match's gain is how much that worth is expected to grow. Matches
that are played at once are picked one after the other, each for the outcomes that are believed
possible of those before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .beliefs import Hypotheses, Integers
from .judge_model import ALIKE, FIRST_RIGHT, SECOND_RIGHT, Floats

SHORTLIST = 16
"""Most entrants among whom the next match is sought: those most likely right."""

# Of the smooth maximum. From 10 to 40 simulated tournaments do equally well; the plain maximum
# (infinity) needs a tenth more calls.
_SHARPNESS = 20.0

# Outcomes of a wave's earlier matches that are followed up. All of them did no better.
_BRANCHES = 4


def pick(
    hypotheses: Hypotheses, chances: Floats, playable: NDArray[np.bool_], count: int
) -> list[tuple[int, int]]:
    """The matches to play next, at once.

    Args:
        hypotheses: Who may be right.
        chances: ``[outcome, kind]``.
        playable: ``[first, second]``: which ordered pairs may meet.
        count: How many matches; fewer are picked when no more can be played.
    """
    order = np.argsort(-hypotheses.right().round(9), kind="stable")
    who = order[:SHORTLIST]
    if not playable[np.ix_(who, who)].any():
        found = np.argwhere(playable[np.ix_(order, order)])[:count]
        return [(int(order[first]), int(order[second])) for first, second in found]
    left = playable[np.ix_(who, who)]
    branches = [(1.0, hypotheses)]
    picked: list[tuple[int, int]] = []
    while True:
        gains = sum(weight * _gains(believed, chances, who) for weight, believed in branches)
        # Rounded, so that noise of the last digits does not decide between equal matches.
        best = int(np.where(left, np.round(gains, 12), -np.inf).argmax())
        row, column = divmod(best, len(who))
        left[row, column] = False
        match = int(who[row]), int(who[column])
        picked.append(match)
        if len(picked) == count or not left.any():
            return picked
        branches = _followed(branches, match, chances)


def _followed(
    branches: list[tuple[float, Hypotheses]], match: tuple[int, int], chances: Floats
) -> list[tuple[float, Hypotheses]]:
    """The likeliest beliefs after a match whose outcome is not known yet."""
    outcomes = [
        (weight * likely, believed, of_outcome)
        for weight, believed in branches
        for likely, of_outcome in zip(_likely(believed, match, chances), chances, strict=True)
    ]
    outcomes.sort(key=lambda outcome: -outcome[0])
    kept = outcomes[:_BRANCHES]
    total = sum(weight for weight, _, _ in kept)
    return [
        (weight / total, believed.after(*match, of_outcome))
        for weight, believed, of_outcome in kept
    ]


def _likely(hypotheses: Hypotheses, match: tuple[int, int], chances: Floats) -> list[float]:
    """The probability of each outcome of a match."""
    joint = hypotheses.together(np.array(match))
    first, second, both = joint[0, 0, 0], joint[1, 1, 1], joint[0, 0, 1]
    kinds = np.empty(3)
    kinds[FIRST_RIGHT], kinds[SECOND_RIGHT] = first - both, second - both
    kinds[ALIKE] = 1 - kinds[FIRST_RIGHT] - kinds[SECOND_RIGHT]
    return [float(likely) for likely in chances @ kinds]


def _gains(hypotheses: Hypotheses, chances: Floats, who: Integers) -> Floats:
    """``[first, second]``: the worth expected after each match, up to a constant."""
    joint = hypotheses.together(who)
    pairs = np.einsum("iij->ij", joint)
    right = np.einsum("ii->i", pairs)
    alone = right[:, None] - pairs
    by_kind = np.empty((3, *pairs.shape))
    by_kind[FIRST_RIGHT], by_kind[SECOND_RIGHT] = alone, alone.T
    by_kind[ALIKE] = 1 - alone - alone.T
    kept = np.empty((3, *joint.shape))  # as above, and a third entrant is right too
    kept[FIRST_RIGHT] = pairs[:, None, :] - joint
    kept[SECOND_RIGHT] = pairs[None, :, :] - joint
    kept[ALIKE] = right - kept[FIRST_RIGHT] - kept[SECOND_RIGHT]
    likely = np.tensordot(chances, by_kind, axes=1)
    then = np.tensordot(chances, kept, axes=1) / likely[..., None]
    top = then.max(axis=-1, keepdims=True)
    smooth = np.log(np.exp(_SHARPNESS * (then - top)).sum(axis=-1)) / _SHARPNESS
    worth: Floats = (likely * (top[..., 0] + smooth)).sum(axis=0)
    return worth
