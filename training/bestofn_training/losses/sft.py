"""Supervised fine-tuning on good replies, alone or beside DPO."""

from __future__ import annotations

from torch import Tensor

from .dpo import dpo_loss
from .tokens import TokenLogProbs


def sft_loss(reply: TokenLogProbs) -> Tensor:
    """Mean negative log-probability per token of each reply.

    Args:
        reply: (B, T).

    Returns:
        Shape (B,). Each sample is divided by its own length, so that a long reasoning does not
        count for more than a short one.
    """
    return -reply.mean()


def sft_dpo_loss(
    chosen: TokenLogProbs,
    rejected: TokenLogProbs,
    reference_chosen: TokenLogProbs,
    reference_rejected: TokenLogProbs,
    *,
    beta: float = 0.1,
) -> Tensor:
    """``sft_loss(chosen) + dpo_loss(...)``, both with weight one.

    Args:
        chosen: (B, T), as for :func:`~bestofn_training.losses.dpo_loss`.
        rejected: (B, T').
        reference_chosen: (B, T).
        reference_rejected: (B, T').
        beta: The temperature of the DPO part.

    Returns:
        Shape (B,).
    """
    preference = dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta=beta)
    return sft_loss(chosen) + preference
