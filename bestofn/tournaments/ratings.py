"""From verdicts to scores: votes, Copeland, Bradley-Terry.

Of a match of more than two, the one named beats each of the others shown. Abstentions and
matches that were not asked count for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from .base import Verdict

Rating = Callable[[Sequence[str], Sequence[Verdict]], dict[str, float]]
"""Scores for all entrants, higher is better."""

Floats = NDArray[np.float64]


def votes(entrants: Sequence[str], verdicts: Sequence[Verdict]) -> dict[str, float]:
    """The votes that each entrant got."""
    scores = dict.fromkeys(entrants, 0.0)
    for verdict in verdicts:
        for name, share in verdict.votes.items():
            scores[name] += share
    return scores


def copeland(entrants: Sequence[str], verdicts: Sequence[Verdict]) -> dict[str, float]:
    """How many others each entrant beats, taking all matches of the two together.

    Two who got equal votes against each other, and at least some, beat each other by half.
    """
    wins = _wins(entrants, verdicts)
    beaten = (wins > wins.T) + 0.5 * ((wins == wins.T) & (wins > 0))
    return dict(zip(entrants, beaten.sum(axis=1).tolist(), strict=True))


def bradley_terry(
    entrants: Sequence[str],
    verdicts: Sequence[Verdict],
    *,
    prior: float = 0.1,
    tolerance: float = 1e-10,
    max_rounds: int = 100_000,
) -> dict[str, float]:
    """Strengths under which the verdicts are most likely, as logarithms that add up to 0.

    An entrant of strength ``a`` beats one of strength ``b`` with probability
    ``exp(a) / (exp(a) + exp(b))``; half a vote each is half a win each. Found by minorising and
    maximising (Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of
    Statistics 32, 2004).

    Args:
        entrants: Who is rated.
        verdicts: What is known.
        prior: Wins, and as many losses, of each entrant against one imagined opponent of
            strength 0. Keeps the strength of those who never won or never lost finite.
        tolerance: Largest change of a strength at which the search ends.
        max_rounds: Of the search.

    Raises:
        InvalidInput: ``prior`` is negative, or it is 0 and the verdicts leave strengths
            undetermined (some entrants never lost to any of the others, or never met them).
        ArithmeticError: the search did not end.
    """
    if prior < 0:
        raise InvalidInput("prior", "must not be negative")
    wins = _wins(entrants, verdicts)
    if prior == 0 and not _strongly_connected(wins > 0):
        raise InvalidInput("prior", "is needed: not everybody both won and lost, directly or not")
    games = wins + wins.T
    won = wins.sum(axis=1) + prior
    strengths = np.ones(len(entrants))
    for _ in range(max_rounds):
        meetings = (games / (strengths[:, None] + strengths)).sum(axis=1)
        new = won / (meetings + 2 * prior / (strengths + 1))
        if prior == 0:  # only ratios matter then
            new /= np.exp(np.log(new).mean())
        change = np.abs(np.log(new / strengths)).max()
        strengths = new
        if change < tolerance:
            logs = np.log(strengths)
            return dict(zip(entrants, (logs - logs.mean()).tolist(), strict=True))
    raise ArithmeticError(f"strengths still moved by {change:.1e} after {max_rounds} rounds")


def _wins(entrants: Sequence[str], verdicts: Sequence[Verdict]) -> Floats:
    """``[i, j]``: the votes that ``i`` got when shown with ``j``."""
    number = {name: index for index, name in enumerate(entrants)}
    wins = np.zeros((len(entrants), len(entrants)))
    for verdict in verdicts:
        for name, share in verdict.votes.items():
            for other in verdict.match.shown:
                if other != name:
                    wins[number[name], number[other]] += share
    return wins


def _strongly_connected(edges: NDArray[np.bool_]) -> bool:
    reached = edges | np.eye(len(edges), dtype=np.bool_)
    for _ in range(len(edges)):
        reached = (reached.astype(np.int64) @ reached.astype(np.int64)) > 0
    return bool(reached.all())
