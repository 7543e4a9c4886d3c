"""The interface of all weightings."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Where weights are cut after each upper update (a projected gradient step).

    Attributes:
        low: Smallest weight; 0 by default: below it a sample would be unlearned. None: no limit.
        high: Largest weight; None by default: no limit.
    """

    low: float | None = 0.0
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def clip_(self, values: Tensor) -> None:
        """Cut ``values`` in place."""
        if self.low is not None or self.high is not None:
            with torch.no_grad():
                values.clamp_(min=self.low, max=self.high)


@dataclass(frozen=True, kw_only=True)
class Movement:
    """How far learned numbers are from where they started.

    Attributes:
        largest: Largest absolute difference.
        mean: Mean absolute difference.
        share: Share of the numbers that differ at all.
    """

    largest: float
    mean: float
    share: float


class Weighting(nn.Module, abc.ABC):
    """Weights for a batch of samples; the parameters are what the upper level learns.

    Call it with ``index`` (B,), ``domain`` (B,), both integers, and ``loss`` (B,) without history;
    it returns the weights (B,) with a gradient to :meth:`parameters`.
    """

    @abc.abstractmethod
    def forward(self, index: Tensor, domain: Tensor, loss: Tensor) -> Tensor:
        """See the class; any of the three arguments may go unused."""

    def project(self) -> None:
        """Cut the parameters to their bounds; to be called after every upper update."""

    @property
    def by_domain(self) -> bool:
        """Whether a weight depends on the sample's domain only.

        Then per-domain sums of gradients suffice for the hypergradient, see
        :class:`~bestofn_training.hypergradients.MicroGradients`.
        """
        return False

    @abc.abstractmethod
    def snapshot(self) -> dict[str, Tensor]:
        """What a log or a figure shows, on the CPU without history; the keys are stable."""

    def moved(self) -> Movement:
        """How far the parameters are from where they started."""
        now = [p.detach().reshape(-1) for p in self.parameters()]
        if not now:
            return Movement(largest=0.0, mean=0.0, share=0.0)
        start = [b.reshape(-1) for name, b in self.named_buffers() if name.startswith("start_")]
        apart = (torch.cat(now) - torch.cat(start)).abs()
        return Movement(
            largest=float(apart.max()),
            mean=float(apart.mean()),
            share=float((apart > 0).float().mean()),
        )

    def _keep_start(self) -> None:
        """Remember the parameters as buffers, so that a saved state still knows its start."""
        for number, parameter in enumerate(self.parameters()):
            self.register_buffer(f"start_{number}", parameter.detach().clone())
