"""Weights that are learned directly: one per domain, or one per sample (section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from .base import Bounds, Weighting

Normalise = Literal["none", "sum", "mean"]
"""``none``: the table as it is (the paper). ``sum``: divided by its sum, so that it stays a
distribution. ``mean``: divided by its mean, so that the learning rate keeps its meaning. The
gradient goes through the division."""


class Table(Weighting):
    """A row of learned weights.

    Args:
        size: Number of weights.
        start: Where all of them start.
        bounds: Where they are cut after each update.
        normalise: See :data:`Normalise`.
    """

    table: nn.Parameter

    def __init__(
        self, size: int, start: float, *, bounds: Bounds | None, normalise: Normalise
    ) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"a table needs at least one weight, got {size}")
        self.table = nn.Parameter(torch.full((size,), float(start)))
        self.bounds = bounds or Bounds()
        self.normalise = normalise
        self._keep_start()

    def weights(self) -> Tensor:
        """All weights as they multiply losses, shape (size,), with a gradient to the table."""
        if self.normalise == "none":
            return self.table
        sum_ = self.table.sum().clamp(min=torch.finfo(self.table.dtype).eps)
        scaled = self.table / sum_
        return scaled if self.normalise == "sum" else scaled * len(self.table)

    def project(self) -> None:
        """Cut the table to its bounds."""
        self.bounds.clip_(self.table.data)

    def snapshot(self) -> dict[str, Tensor]:
        """All weights, under ``weights``."""
        return {"weights": self.weights().detach().clone().cpu()}


class DomainTable(Table):
    """One weight per domain, each starting at 1 / K (algorithm 1).

    Args:
        domains: Names of the K domains, in the order of their numbers.
        start: Another start, where 1 / K is not wanted.
        bounds: By default weights stay at 0 or above.
        normalise: See :data:`Normalise`.
    """

    def __init__(
        self,
        domains: Sequence[str],
        *,
        start: float | None = None,
        bounds: Bounds | None = None,
        normalise: Normalise = "none",
    ) -> None:
        if len(set(domains)) != len(domains):
            raise ValueError(f"domain names must differ, got {list(domains)}")
        first = 1.0 / max(len(domains), 1) if start is None else start
        super().__init__(len(domains), first, bounds=bounds, normalise=normalise)
        self.domains = tuple(domains)

    @property
    def by_domain(self) -> bool:
        """True."""
        return True

    def forward(self, index: Tensor, domain: Tensor, loss: Tensor) -> Tensor:
        """The weight of each sample's domain, shape (B,)."""
        del index, loss
        return self.weights()[domain]


class InstanceTable(Table):
    """One weight per sample, each starting at 1 (algorithm 1).

    Args:
        size: Number of training samples.
        start: Another start.
        bounds: By default weights stay at 0 or above.
        normalise: See :data:`Normalise`.
    """

    def __init__(
        self,
        size: int,
        *,
        start: float = 1.0,
        bounds: Bounds | None = None,
        normalise: Normalise = "none",
    ) -> None:
        super().__init__(size, start, bounds=bounds, normalise=normalise)

    def forward(self, index: Tensor, domain: Tensor, loss: Tensor) -> Tensor:
        """The weight of each sample, shape (B,)."""
        del domain, loss
        return self.weights()[index]
