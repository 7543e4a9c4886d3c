"""Accuracies of several methods on the same rows, with intervals; no torch."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from real_text_data import DOMAINS, Row
from tables import Estimate, estimate, number, text_table

RESAMPLES = 2000
META_ONLY = "meta data only"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One method on one split.

    Attributes:
        method: Its name.
        seed: Of the split, the judge's start and the order of the samples.
        points: For each held-out pair 1, 0, or 1/2 where nothing could be decided. Both orders of
            a pair are judged alike, by construction.
        weights: The learned weights by domain, in the order of ``DOMAINS``; of a weight per
            sample the domain's mean. None where nothing is learned or the domain is empty.
        seconds: Processor time of the training.
    """

    method: str
    seed: int
    points: tuple[float, ...]
    weights: tuple[float, ...] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table.

    Attributes:
        method: Its name.
        accuracy: Share of pairs judged right; interval over seeds.
        by_problem: The same interval by resampling problems, pooled over seeds: a problem that is
            held out in several splits counts as one cluster.
        domains: Accuracy by domain.
        weights: Means over seeds, as of :class:`Outcome`.
        gain: Accuracy less that of the meta data alone, on the same rows; None for itself.
        gain_by_problem: Its interval by resampling problems.
        seconds: Processor time a run.
    """

    method: str
    accuracy: Estimate
    by_problem: Interval
    domains: Mapping[str, float]
    weights: tuple[float, ...] | None
    gain: float | None
    gain_by_problem: Interval | None
    seconds: float

    @property
    def verdict(self) -> str:
        """How the method compares with the meta data alone."""
        if self.gain is None or self.gain_by_problem is None:
            return ""
        if self.gain_by_problem.low > 0:
            return "better"
        if self.gain_by_problem.high < 0:
            return "LOSES"
        if self.gain == 0:
            return "equal"
        return "loses, not surely" if self.gain < 0 else "better, not surely"


def line(
    method: str,
    outcomes: Sequence[Outcome],
    base: Sequence[Outcome],
    rows: Mapping[int, Sequence[Row]],
) -> Line:
    """Sum up one method.

    Args:
        method: Its name.
        outcomes: Its outcomes, one a seed.
        base: Those of the meta data alone, with the same seeds.
        rows: The held-out pairs by seed, one row each.
    """
    means = [sum(outcome.points) / len(outcome.points) for outcome in outcomes]
    pooled: dict[str, list[float]] = defaultdict(list)
    gains: dict[str, list[float]] = defaultdict(list)
    by_domain: dict[str, list[float]] = defaultdict(list)
    for outcome, other in zip(outcomes, base, strict=True):
        if outcome.seed != other.seed:
            raise ValueError("outcomes must come with the same seeds, in the same order")
        for row, point, against in zip(
            rows[outcome.seed], outcome.points, other.points, strict=True
        ):
            pooled[row.problem].append(point)
            gains[row.problem].append(point - against)
            by_domain[row.domain].append(point)
    itself = method == META_ONLY
    weights = [outcome.weights for outcome in outcomes if outcome.weights is not None]
    return Line(
        method=method,
        accuracy=estimate(means),
        by_problem=resampled(pooled),
        domains={name: sum(by_domain[name]) / len(by_domain[name]) for name in sorted(by_domain)},
        weights=tuple(sum(c) / len(c) for c in zip(*weights, strict=True)) if weights else None,
        gain=None if itself else sum(map(sum, gains.values())) / sum(map(len, gains.values())),
        gain_by_problem=None if itself else resampled(gains),
        seconds=sum(outcome.seconds for outcome in outcomes) / len(outcomes),
    )


def resampled(values: Mapping[str, Sequence[float]]) -> Interval:
    """The interval of the mean of all values when whole problems are drawn with replacement."""
    clusters = [(sum(group), len(group)) for _, group in sorted(values.items())]
    numbers = random.Random(0)
    means = []
    for _ in range(RESAMPLES):
        drawn = numbers.choices(clusters, k=len(clusters))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    return Interval(
        low=means[round(0.025 * (RESAMPLES - 1))], high=means[round(0.975 * (RESAMPLES - 1))]
    )


def table(lines: Sequence[Line]) -> str:
    """All lines as text."""
    head = ["", "accuracy, seeds", "by problem", *DOMAINS, "against meta only", ""]
    rows = []
    for found in lines:
        gain = ""
        if found.gain is not None and found.gain_by_problem is not None:
            gain = f"{signed(found.gain)} {_span(found.gain_by_problem, signed)}"
        rows.append(
            [
                found.method,
                str(found.accuracy),
                _span(found.by_problem, number),
                *(number(found.domains[d]) if d in found.domains else "-" for d in DOMAINS),
                gain,
                found.verdict,
            ]
        )
    return text_table(head, rows)


def weight_table(lines: Sequence[Line]) -> str:
    """The learned weights by domain."""
    learned = [found for found in lines if found.weights is not None]
    rows = [[found.method, *(number(w, 2) for w in found.weights or ())] for found in learned]
    return text_table(["weights, mean over seeds", *DOMAINS], rows)


def signed(value: float) -> str:
    """With its sign, as in ``+.034``."""
    return f"+{number(value)}" if value >= 0 else number(value)


def _span(interval: Interval, show: Callable[[float], str]) -> str:
    return f"[{show(interval.low)}, {show(interval.high)}]"
