"""Intervals of shares whose parts belong to problems: a bootstrap over whole problems. Pure.

Replies to inputs of one problem are alike, so that counting each as one observation would promise
too much. What is resampled are problems, with everything that belongs to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bestofn.benchmarks.metrics import RESAMPLES, Estimate

_TAIL = 0.025
_BLOCK = 1 << 22  # indices held at once; bounds memory for large sets

Pair = tuple[float, float]
"""A part and its whole."""


@dataclass(frozen=True)
class Ratio:
    """A share, as sums by problem.

    Attributes:
        problems: By problem: the part and the whole, whole above 0 and part from 0 to it.
    """

    problems: Mapping[str, Pair]

    @classmethod
    def of(cls, parts: Iterable[tuple[str, float, float]]) -> Ratio:
        """Sums by problem; what has no whole is left out.

        Args:
            parts: Problem, part, whole.
        """
        sums: dict[str, Pair] = {}
        for problem, part, whole in parts:
            if whole > 0:
                before = sums.get(problem, (0.0, 0.0))
                sums[problem] = (before[0] + part, before[1] + whole)
        return cls(sums)

    @property
    def value(self) -> float | None:
        """All parts by all wholes; None where there is nothing."""
        whole = sum(pair[1] for pair in self.problems.values())
        return sum(pair[0] for pair in self.problems.values()) / whole if whole else None

    def estimate(self, *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate | None:
        """The share with its 95 % interval; None where there is nothing.

        Where every problem is all right or every one all wrong, resampling cannot show how sure
        that is, and the exact (Clopper-Pearson) bound on problems is used; a single problem that
        is neither tells nothing of others.

        Args:
            seed: Repeats the resampling.
            resamples: How often.
        """
        value = self.value
        if value is None:
            return None
        count = len(self.problems)
        parts, wholes = self._arrays(sorted(self.problems))
        if not parts.any():
            low, high = 0.0, 1 - _TAIL ** (1 / count)
        elif bool(np.all(parts == wholes)):
            low, high = _TAIL ** (1 / count), 1.0
        elif count == 1:
            low, high = 0.0, 1.0
        else:
            shares = _resampled(np.stack([parts, wholes]), seed, resamples)
            low, high = _percentiles(shares[0] / shares[1])
        # A resample may sum in another order than the whole: an ulp must not put it outside.
        return Estimate(mean=value, low=min(low, value), high=max(high, value), problems=count)

    def _arrays(self, names: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pairs = np.asarray([self.problems[name] for name in names], dtype=np.float64)
        return pairs[:, 0], pairs[:, 1]


def paired_difference(
    ratio: Ratio, baseline: Ratio, *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate | None:
    """``ratio - baseline`` on the problems that both have, with its 95 % interval.

    The same problems are drawn for both, so what makes a problem hard for either cancels out.
    None where they share fewer than two problems.

    Args:
        ratio, baseline: Of the same measure.
        seed: Repeats the resampling.
        resamples: How often.
    """
    names = sorted(ratio.problems.keys() & baseline.problems.keys())
    if len(names) < 2:
        return None
    table = np.stack([*ratio._arrays(names), *baseline._arrays(names)])
    sums = table.sum(axis=1)
    value = float(sums[0] / sums[1] - sums[2] / sums[3])
    drawn = _resampled(table, seed, resamples)
    low, high = _percentiles(drawn[0] / drawn[1] - drawn[2] / drawn[3])
    return Estimate(mean=value, low=min(low, value), high=max(high, value), problems=len(names))


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, (100 * _TAIL, 100 * (1 - _TAIL)))
    return float(low), float(high)


def _resampled(table: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """Sums over resampled columns; (rows, columns) → (rows, resamples)."""
    rows, columns = table.shape
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // columns)
    sums = np.empty((rows, resamples))
    for start in range(0, resamples, block):
        end = min(start + block, resamples)
        picks = rng.integers(0, columns, size=(end - start, columns))
        for row in range(rows):
            sums[row, start:end] = table[row][picks].sum(axis=1)
    return sums
