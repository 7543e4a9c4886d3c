"""From runs to tables and to sentences that say who beats whom; no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tables import Estimate, estimate, number, text_table

NONE, WITH_META, META_ONLY, CLEAN_ONLY = "none", "none + meta data", "meta only", "clean only"
BASELINES = (NONE, WITH_META, META_ONLY)
"""What a weighting has to beat; ``clean only`` knows what is poisoned and is the ceiling."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One method on one seed.

    Attributes:
        setting: Which data.
        method: A baseline or a weighting.
        seed: Of data, judge and order.
        accuracy: On held-out clean rows.
        weights: Mean learned weight by group of rows; empty for baselines.
        seconds: It took.
    """

    setting: str
    method: str
    seed: int
    accuracy: float
    weights: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Duel:
    """A weighting against a baseline on the same seeds.

    Attributes:
        method: The weighting.
        baseline: The other.
        wins: Seeds in which the weighting is the better one.
        seeds: Seeds in all.
        difference: In accuracy, paired by seed.
    """

    method: str
    baseline: str
    wins: int
    seeds: int
    difference: Estimate

    @property
    def outcome(self) -> str:
        """``beats``, ``loses to`` or ``cannot be told from``, by the interval of the difference."""
        if self.difference.mean - self.difference.half > 0:
            return "beats"
        if self.difference.mean + self.difference.half < 0:
            return "loses to"
        return "cannot be told from"  # also with one seed, where there is no interval

    def __str__(self) -> str:
        """A sentence."""
        more = "+" if self.difference.mean > 0 else ""
        return (
            f"{self.method} {self.outcome} {self.baseline}: {more}{self.difference}, "
            f"ahead in {self.wins} of {self.seeds}"
        )


def accuracies(runs: Sequence[Run], method: str) -> dict[int, float]:
    """By seed."""
    return {run.seed: run.accuracy for run in runs if run.method == method}


def duel(runs: Sequence[Run], method: str, baseline: str) -> Duel:
    """Compare two methods on the seeds that both have.

    Raises:
        ValueError: when there is none.
    """
    ours, theirs = accuracies(runs, method), accuracies(runs, baseline)
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        raise ValueError(f"no seed was run with both {method} and {baseline}")
    differences = [ours[seed] - theirs[seed] for seed in seeds]
    return Duel(
        method=method,
        baseline=baseline,
        wins=sum(difference > 0 for difference in differences),
        seeds=len(seeds),
        difference=estimate(differences),
    )


def relative_weights(runs: Sequence[Run], method: str) -> dict[str, float]:
    """Mean weight of each group over the seeds, in units of the mean over the groups.

    1 is what every group has without weights. Of a seed in which all weights are 0 nothing is
    left to compare: nan.
    """
    weighted = [run.weights for run in runs if run.method == method and run.weights]
    found: dict[str, float] = {}
    for group in weighted[0] if weighted else ():
        shares = [_share(weights, group) for weights in weighted]
        found[group] = sum(shares) / len(shares)
    return found


def results(runs: Sequence[Run], methods: Sequence[str], groups: Sequence[str]) -> str:
    """The table of one setting."""
    head = ["method", "accuracy", *(f"beats {baseline}" for baseline in BASELINES)]
    head += [f"weight: {group}" for group in groups]
    rows = []
    for method in methods:
        values = accuracies(runs, method)
        if not values:
            continue
        row = [method, str(estimate(list(values.values())))]
        for baseline in BASELINES:
            against = method not in (*BASELINES, CLEAN_ONLY)
            found = duel(runs, method, baseline) if against else None
            row.append(f"{found.wins} of {found.seeds}" if found else "")
        weights = relative_weights(runs, method)
        row += [number(weights[group], 2) if group in weights else "" for group in groups]
        rows.append(row)
    return text_table(head, rows)


def sentences(runs: Sequence[Run], weightings: Sequence[str], poisoned: Sequence[str]) -> list[str]:
    """Who beats whom, and what became of the weights of the poisoned groups."""
    said = []
    for method in weightings:
        said += [str(duel(runs, method, baseline)) for baseline in BASELINES]
        weights = relative_weights(runs, method)
        left = ", ".join(f"{group} {number(weights[group], 2)}" for group in poisoned)
        said.append(f"{method} leaves poisoned rows a weight of: {left} (1 = no weights)")
    return said


def _share(weights: Mapping[str, float], group: str) -> float:
    mean = sum(weights.values()) / len(weights)
    return weights[group] / mean if mean else math.nan
