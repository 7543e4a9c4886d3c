"""How good a choice was: accuracies, bootstrap intervals and pairs. Pure; no I/O.

Every function takes one number a problem: 1 or 0 where a judge's choice was right or wrong, or
an expectation where a choice is random. Arrays of different judges have the same order of
problems, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput

RESAMPLES = 10_000
_BLOCK = 1 << 22  # indices held at once; bounds memory for large benchmarks


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over problems with its 95 % bootstrap interval.

    Attributes:
        mean: Of the values, 0 to 1 for accuracies.
        low, high: The 2.5 and 97.5 percentiles of the resampled means.
        problems: How many values.
    """

    mean: float
    low: float
    high: float
    problems: int


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """What became of the pairs in which exactly one program is right.

    Attributes:
        right, wrong: Decided for the right, for the wrong program.
        undecided: The judge abstained; its choice followed the seed.
    """

    right: int = 0
    wrong: int = 0
    undecided: int = 0

    @property
    def total(self) -> int:
        """How many pairs there were."""
        return self.right + self.wrong + self.undecided


def expected_accuracy(verdicts: Iterable[bool]) -> float:
    """Probability that a uniformly random choice among the candidates is right.

    Raises:
        InvalidInput: there is no candidate.
    """
    values = list(verdicts)
    if not values:
        raise InvalidInput("verdicts", "is empty; there is nothing to choose from")
    return sum(values) / len(values)


def surviving_accuracy(verdicts: Mapping[str, bool], survivors: Iterable[str]) -> float:
    """Probability that a uniformly random choice among ``survivors`` is right.

    Raises:
        InvalidInput: there is no survivor.
    """
    return expected_accuracy(verdicts[name] for name in survivors)


def oracle(verdicts: Iterable[bool]) -> bool:
    """Whether a perfect choice is right: whether any candidate is."""
    return any(verdicts)


def bootstrap(values: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Mean of ``values`` with a percentile bootstrap interval over problems.

    Equal lengths and seeds resample the same problems, so intervals of several judges, and of
    their differences, belong together (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: One number a problem.
        seed: Repeats the resampling.
        resamples: How often.

    Raises:
        InvalidInput: no values, or a value that is not finite.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        raise InvalidInput("values", "is empty; an interval needs at least one problem")
    if not np.isfinite(data).all():
        raise InvalidInput("values", "must be finite numbers")
    means = _resampled_means(data, seed, resamples)
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(
        mean=float(data.mean()), low=float(low), high=float(high), problems=int(data.size)
    )


def paired_gain(
    values: Sequence[float],
    baseline: Sequence[float],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Mean of ``values - baseline`` over the same problems, with its interval.

    Raises:
        InvalidInput: the lengths differ, or see :func:`bootstrap`.
    """
    if len(values) != len(baseline):
        raise InvalidInput("baseline", f"has {len(baseline)} problems, values has {len(values)}")
    difference = np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    return bootstrap(difference.tolist(), seed=seed, resamples=resamples)


def _resampled_means(data: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // data.size)
    means = np.empty(resamples)
    for start in range(0, resamples, block):
        end = min(start + block, resamples)
        picks = rng.integers(0, data.size, size=(end - start, data.size))
        means[start:end] = data[picks].mean(axis=1)
    return means


def is_telling_pair(verdicts: Iterable[bool]) -> bool:
    """Whether there are two candidates and exactly one is right."""
    values = list(verdicts)
    return len(values) == 2 and sum(values) == 1


def count_pairs(decisions: Iterable[bool | None]) -> Pairs:
    """Count decisions on telling pairs: True right, False wrong, None undecided."""
    found = list(decisions)
    return Pairs(
        right=sum(d is True for d in found),
        wrong=sum(d is False for d in found),
        undecided=sum(d is None for d in found),
    )


def survivors_decide(verdicts: Mapping[str, bool], survivors: Iterable[str]) -> bool | None:
    """What the public tests alone decide on a telling pair: None while both survive."""
    names = set(survivors)
    if len(names) != 1:
        return None
    return verdicts[names.pop()]


def by_group(groups: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Positions of each group, easy to hard, unknown names behind in their own order.

    Empty names are left out: a benchmark without difficulties has no groups.
    """
    known = ("easy", "medium", "hard")
    names = [name for name in known if name in groups]
    names += sorted({name for name in groups if name and name not in known})
    return {
        name: tuple(index for index, group in enumerate(groups) if group == name) for name in names
    }
