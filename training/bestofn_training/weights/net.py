"""Weights that a small network reads off a sample's loss (equation 2)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .base import Weighting


class InstanceNet(Weighting):
    """``top · sigmoid(MLP((loss - centre) / scale))``, two hidden layers of 10 (appendix B).

    The sigmoid keeps weights between 0 and ``top``, so nothing needs cutting. The hidden units
    are leaky: with plain ones all of them can end up silent for the narrow range of losses that a
    run sees, and then nothing moves any more. That range is narrow because on-policy losses
    start equal for all samples (DPO at log 2, KTO at 1/2, GRPO near 0): ``centre`` and ``scale``
    let a recipe place it where the network can tell losses apart. Keep the upper learning rate
    at 5e-3 or below.

    Args:
        hidden: Units per hidden layer.
        top: Largest weight.
        centre: Subtracted from the loss.
        scale: Divides the rest; above 0.
        slope: Of the leaky units below zero.
    """

    def __init__(
        self,
        *,
        hidden: int = 10,
        top: float = 1.0,
        centre: float = 0.0,
        scale: float = 1.0,
        slope: float = 0.01,
    ) -> None:
        super().__init__()
        if hidden < 1 or top <= 0 or scale <= 0:
            raise ValueError(
                f"hidden, top and scale must be above 0, got {hidden}, {top} and {scale}"
            )
        self.layers = nn.Sequential(
            nn.Linear(1, hidden),
            nn.LeakyReLU(slope),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(slope),
            nn.Linear(hidden, 1),
            nn.Sigmoid(),
        )
        self.top, self.centre, self.scale = top, centre, scale
        self._keep_start()

    def forward(self, index: Tensor, domain: Tensor, loss: Tensor) -> Tensor:
        """The weight of each sample by its loss, shape (B,)."""
        del index, domain
        scaled = (loss.detach().float() - self.centre) / self.scale
        return cast(Tensor, self.top * self.layers(scaled.unsqueeze(-1)).squeeze(-1))

    def curve(self, losses: Tensor) -> Tensor:
        """Weights at given losses, shape of ``losses``, without history: for figures."""
        with torch.no_grad():
            nothing = torch.zeros(len(losses), dtype=torch.long)
            return cast(Tensor, self(nothing, nothing, losses)).cpu()

    def snapshot(self) -> dict[str, Tensor]:
        """The curve at 41 losses from four scales below ``centre`` to four above it."""
        losses = self.centre + self.scale * torch.linspace(-4.0, 4.0, 41)
        device = next(self.parameters()).device
        return {"losses": losses, "weights": self.curve(losses.to(device))}
