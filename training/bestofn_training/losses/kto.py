"""Kahneman-Tversky optimisation (Ethayarajh et al. 2024), from replies that are good or bad.

Appendix B of the DaJ paper: β = 0.1, chosen and rejected samples balanced.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tokens import TokenLogProbs


def kto_loss(
    reply: TokenLogProbs,
    reference: TokenLogProbs,
    label: Tensor,
    kl: Tensor,
    *,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> Tensor:
    """``w [1 - sigmoid(±β (reply - reference - kl))]``, plus for good replies, minus for bad.

    Args:
        reply: (B, T) under the judge in training.
        reference: (B, T) with the adapters off.
        label: (B,), boolean: true for a good reply.
        kl: Scalar or (B,): how far the judge has drifted, see :func:`kto_kl`; no gradient flows.
        beta: Steepness of the value function; above 0.
        desirable_weight: w of good replies, see :func:`balanced_weights`.
        undesirable_weight: w of bad replies.

    Returns:
        Shape (B,); w / 2 for every sample as long as judge and reference agree.
    """
    drifted = reply.total() - reference.total().detach() - kl.detach()
    sign = torch.where(label, 1.0, -1.0)
    weight = torch.where(label, desirable_weight, undesirable_weight)
    # 1 - sigmoid(x) is sigmoid(-x), without the cancellation for large x.
    return weight * torch.sigmoid(-beta * sign * drifted)


def kto_kl(mismatched: TokenLogProbs, reference: TokenLogProbs) -> Tensor:
    """The reference point of the value function: the judge's drift on replies to other prompts.

    Args:
        mismatched: (B, T): replies of other samples after this sample's prompt, judge.
        reference: (B, T): the same with the adapters off.

    Returns:
        A scalar without history, at least 0: the batch mean of the log-ratios, cut at 0.
    """
    return (mismatched.total() - reference.total()).mean().clamp(min=0.0).detach()


def balanced_weights(desirable: int, undesirable: int) -> tuple[float, float]:
    """Weights that give good and bad replies the same total, with mean 1 over all samples.

    Args:
        desirable: Number of good replies in the data, at least 1.
        undesirable: Number of bad ones, at least 1.

    Returns:
        ``desirable_weight, undesirable_weight`` for :func:`kto_loss`.

    Raises:
        ValueError: when one kind is missing.
    """
    if desirable < 1 or undesirable < 1:
        raise ValueError(
            f"KTO needs replies of both kinds, got {desirable} good and {undesirable} bad"
        )
    half = (desirable + undesirable) / 2
    return half / desirable, half / undesirable
