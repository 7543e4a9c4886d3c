"""What all losses read: the log-probabilities of the tokens of some replies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class TokenLogProbs:
    """Log-probabilities of given tokens under one model.

    Attributes:
        values: Shape (B, T), any floating type. Entry (b, t) is the log-probability of token t of
            reply b given everything before it.
        mask: Shape (B, T), boolean: which entries count (tokens of the reply, its end-of-turn
            token included; neither prompt nor padding). Values outside are never read.

    Raises:
        ValueError: when the shapes differ or a reply has no token.
    """

    values: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.values.dim() != 2 or self.values.shape != self.mask.shape:
            raise ValueError(
                f"values and mask must share one shape (B, T), got {tuple(self.values.shape)} "
                f"and {tuple(self.mask.shape)}"
            )
        if self.mask.dtype != torch.bool:
            raise ValueError(f"mask must be boolean, got {self.mask.dtype}")
        empty = ~self.mask.any(dim=1)
        if bool(empty.any()):
            raise ValueError(f"reply {int(empty.nonzero()[0])} has no token that counts")

    def __len__(self) -> int:
        """Number of replies, B."""
        return self.values.shape[0]

    @property
    def lengths(self) -> Tensor:
        """Tokens per reply, shape (B,), integers."""
        return self.mask.sum(dim=1)

    def total(self) -> Tensor:
        """Log-probability of each whole reply, shape (B,), at least float32."""
        return masked(self.values, self.mask).sum(dim=1)

    def mean(self) -> Tensor:
        """Mean log-probability per token of each reply, shape (B,), at least float32."""
        return self.total() / self.lengths

    def rows(self, start: int, stop: int) -> TokenLogProbs:
        """Replies ``start`` up to, not including, ``stop``."""
        return TokenLogProbs(values=self.values[start:stop], mask=self.mask[start:stop])

    def detach(self) -> TokenLogProbs:
        """The same numbers without their history."""
        return TokenLogProbs(values=self.values.detach(), mask=self.mask)


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision, in which sums over thousands of tokens lose their last digits."""
    return values if values.dtype == torch.float64 else values.float()


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """Zero where the mask is false, even where the value there is infinite or not a number."""
    return at_least_float32(values).masked_fill(~mask, 0.0)
