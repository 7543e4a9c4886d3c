"""Pairs as points, a linear judge of them, and training sets whose bad rows no label betrays.

A point is the difference of the features of two programs, a hidden direction decides which of
them is right, and the judge is a linear score (Bradley and Terry's model of a comparison). It is
small enough that a table of one weight per sample sees every sample often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from bestofn_training.models import Batch, Judge
from torch import Tensor, nn

GROUPS = ("clean", "bad")


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points as a data set (:class:`common.Rows`).

    Attributes:
        features: (n, d).
        side: (n,), 1 or -1: which of the two is said to be right.
        bad: (n,), boolean: whether that is wrong. Nothing that learns may look at it.
    """

    features: Tensor
    side: Tensor
    bad: Tensor

    @property
    def groups(self) -> list[int]:
        """1 for bad rows."""
        return [int(bad) for bad in self.bad.tolist()]

    def __len__(self) -> int:
        """Number of points."""
        return len(self.side)

    def __call__(self, places: Sequence[int]) -> Batch:
        """``features``, ``side``, ``index`` and ``domain``, the same for all rows."""
        rows = torch.tensor(list(places))
        return {
            "features": self.features[rows],
            "side": self.side[rows],
            "index": rows,
            "domain": torch.zeros_like(rows),
        }

    def __add__(self, other: Points) -> Points:
        """Both, one after the other."""
        return Points(
            features=torch.cat([self.features, other.features]),
            side=torch.cat([self.side, other.side]),
            bad=torch.cat([self.bad, other.bad]),
        )

    def pick(self, places: Sequence[int]) -> Points:
        """Some of them."""
        rows = torch.tensor(list(places))
        return Points(features=self.features[rows], side=self.side[rows], bad=self.bad[rows])


def draw(
    count: int,
    truth: Tensor,
    numbers: torch.Generator,
    *,
    bad: float = 0.0,
    stretch: float = 1.0,
) -> Points:
    """Normal points, some of them on the wrong side.

    Args:
        count: How many.
        truth: (d,), the hidden direction.
        numbers: Where chance comes from.
        bad: Share of points whose side is wrong.
        stretch: How many times further out bad points lie: far out, few of them pull hard.
    """
    features = torch.randn((count, len(truth)), generator=numbers)
    side = torch.where(features @ truth > 0, 1.0, -1.0)
    wrong = torch.rand(count, generator=numbers) < bad
    return Points(
        features=torch.where(wrong.unsqueeze(-1), stretch * features, features),
        side=torch.where(wrong, -side, side),
        bad=wrong,
    )


def linear_judge(features: int) -> Judge:
    """A linear score, from the generator of torch."""
    return Judge(nn.Linear(features, 1))


def logistic(judge: Judge, batch: Batch) -> Tensor:
    """Per-sample logistic losses, (B,): an :class:`~bestofn_training.bilevel.Objective`."""
    return nn.functional.softplus(-margins(judge, batch))


def margins(judge: Judge, batch: Batch) -> Tensor:
    """How much the judge sides with the rows' sides, (B,)."""
    scores: Tensor = judge.model(batch["features"]).squeeze(-1)
    return batch["side"] * scores


def points_accuracy(judge: Judge, points: Points) -> float:
    """How often the judge takes the points' side."""
    with torch.no_grad():
        return float((margins(judge, points(range(len(points)))) > 0).double().mean())
