"""No reweighting: the baseline."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import Weighting


class NoWeights(Weighting):
    """Weight 1 for every sample; nothing to learn, so there is no upper level."""

    def forward(self, index: Tensor, domain: Tensor, loss: Tensor) -> Tensor:
        """Ones, shape (B,)."""
        del index, domain
        return torch.ones_like(loss)

    def snapshot(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}
