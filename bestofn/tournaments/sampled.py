"""What verdicts say about many entrants: sets of right ones are drawn, not all weighed.

A sequential Monte Carlo sampler. Sets are drawn from the prior, weighed by each verdict, and,
once the weights have become too uneven, drawn again by weight and shaken by Gibbs sweeps that
leave the posterior as it is (Chopin, "A sequential particle filter method for static models",
Biometrika 89, 2002). The judge is never sampled: for each set it is averaged out exactly, since
the number of outcomes of each kind is all that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from .beliefs import Integers
from .judge_model import ALIKE, FIRST_RIGHT, SECOND_RIGHT, Floats, JudgeModel
from .right_sets import log_sizes, log_totals, sample_sets

SETS = 2048
"""How many sets are kept. A probability is then known to about 0.02."""

_SWEEPS = 2


class SampledSets:
    """Weighed sets, one a row; groups of entrants that nothing tells apart share a probability."""

    def __init__(
        self, sets: NDArray[np.bool_], weights: Floats, groups: Sequence[Integers]
    ) -> None:
        self._sets = sets
        self._weights = weights / weights.sum()
        self._groups = groups

    def right(self) -> Floats:
        """For each entrant, the probability that it is right."""
        marginals: Floats = self._weights @ self._sets
        for group in self._groups:
            marginals[group] = marginals[group].mean()
        return marginals

    def nobody(self) -> float:
        """The probability that no entrant is right."""
        return float(self._weights[~self._sets.any(axis=1)].sum())

    def together(self, who: Integers) -> Floats:
        """``[i, j, c]``: the probability that all three of those entrants are right."""
        chosen = self._sets[:, who].astype(np.float64)
        pairs = (chosen * self._weights[:, None])[:, :, None] * chosen[:, None, :]
        joint: Floats = pairs.reshape(len(chosen), -1).T @ chosen
        return joint.reshape(len(who), len(who), len(who))

    def after(self, first: int, second: int, chances: Floats) -> SampledSets:
        """What would be believed after an outcome that has these chances for each kind."""
        kinds = kind_of(self._sets[:, first], self._sets[:, second])
        return SampledSets(self._sets, self._weights * chances[kinds], self._groups)


class SampledBelief:
    """Sets of right entrants drawn from the posterior, with the outcomes each would explain."""

    def __init__(
        self, log_odds: Sequence[float], model: JudgeModel, rng: Random, *, sets: int = SETS
    ) -> None:
        self._rng = np.random.default_rng(rng.getrandbits(64))
        self._log_odds = np.array(log_odds)
        self._log_set = log_sizes(len(log_odds)) - log_totals(log_odds)[0]
        self._log_chances = np.log(model.chances)
        self._log_judges = np.log(model.weights)
        self._model = model
        self._matches: list[tuple[int, int, int]] = []
        self._sets = sample_sets(log_odds, sets, self._rng)
        # [set, outcome, kind]: how many matches of each kind came out how, were the set right
        self._counts = np.zeros((sets, *model.chances.shape[:2]))
        self._explained = np.zeros(sets)
        self._log_weights = np.zeros(sets)

    def observe(self, first: int, second: int, outcome: int) -> None:
        """Take the outcome of one match."""
        self._matches.append((first, second, outcome))
        kinds = kind_of(self._sets[:, first], self._sets[:, second])
        self._counts[np.arange(len(kinds)), outcome, kinds] += 1
        explained = self._evidence(self._counts)
        self._log_weights += explained - self._explained
        self._explained = explained
        weights = self._weights()
        if 2 * weights.sum() ** 2 < len(weights) * (weights**2).sum():
            self._draw_again(weights / weights.sum())

    def now(self) -> tuple[SampledSets, Floats]:
        """What is believed of the entrants, and of the judge; see :meth:`Belief.now`."""
        weights = self._weights()
        logs = self._log_likelihoods(self._counts)
        judges = np.exp(logs - logs.max(axis=1, keepdims=True))
        judges /= judges.sum(axis=1, keepdims=True)
        chances: Floats = self._model.chances @ (weights @ judges / weights.sum())
        return SampledSets(self._sets, weights, self._alike()), chances

    def _alike(self) -> list[Integers]:
        """Groups of entrants that nothing tells apart: equal odds and no match yet."""
        met = {entrant for match in self._matches for entrant in match[:2]}
        groups: dict[float, list[int]] = {}
        for entrant, odds in enumerate(self._log_odds.tolist()):
            if entrant not in met:
                groups.setdefault(odds, []).append(entrant)
        return [np.array(group) for group in groups.values()]

    def _weights(self) -> Floats:
        weights: Floats = np.exp(self._log_weights - self._log_weights.max())
        return weights

    def _log_likelihoods(self, counts: Floats) -> Floats:
        """``[set, judge]``, the prior of the judge included."""
        flat = counts.reshape(len(counts), -1)
        logs: Floats = flat @ self._log_chances.reshape(flat.shape[1], -1) + self._log_judges
        return logs

    def _evidence(self, counts: Floats) -> Floats:
        """For each set, how likely it makes the outcomes, in logarithms."""
        logs = self._log_likelihoods(counts)
        top = logs.max(axis=1)
        evidence: Floats = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        return evidence

    def _draw_again(self, weights: Floats) -> None:
        places = (self._rng.random() + np.arange(len(weights))) / len(weights)
        kept = np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)
        self._sets, self._counts = self._sets[kept], self._counts[kept]
        self._log_weights = np.zeros(len(kept))
        for _ in range(_SWEEPS):
            for entrant in self._rng.permutation(len(self._log_odds)):
                self._flip(int(entrant))
        self._explained = self._evidence(self._counts)

    def _flip(self, entrant: int) -> None:
        """Draw anew in every set whether this entrant is right, given all else."""
        without, with_ = self._counts_by(entrant, right=False), self._counts_by(entrant, right=True)
        now = np.where(self._sets[:, entrant, None, None], with_, without)
        rest = self._counts - now
        others = self._sets.sum(axis=1) - self._sets[:, entrant]
        log_odds = (self._log_odds[entrant] + self._log_set[others + 1] - self._log_set[others]) + (
            self._evidence(rest + with_) - self._evidence(rest + without)
        )
        drawn = self._rng.random(len(others)) < 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
        self._sets[:, entrant] = drawn
        self._counts = rest + np.where(drawn[:, None, None], with_, without)

    def _counts_by(self, entrant: int, *, right: bool) -> Floats:
        """The outcomes of this entrant's matches by kind, in every set, were it right or not."""
        counts = np.zeros_like(self._counts)
        rows = np.arange(len(counts))
        for first, second, outcome in self._matches:
            if first == entrant:
                kinds = kind_of(np.broadcast_to(right, len(rows)), self._sets[:, second])
            elif second == entrant:
                kinds = kind_of(self._sets[:, first], np.broadcast_to(right, len(rows)))
            else:
                continue
            counts[rows, outcome, kinds] += 1
        return counts


def kind_of(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Integers:
    """The kind of a match between entrants that are right or not."""
    kinds: Integers = np.where(first == second, ALIKE, np.where(first, FIRST_RIGHT, SECOND_RIGHT))
    return kinds
