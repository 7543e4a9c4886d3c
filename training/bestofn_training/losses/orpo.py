"""Odds ratio preference optimisation (Hong et al. 2024): no reference model.

Appendix B of the DaJ paper: β = 0.1 balances the supervised part and the preference part.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .sft import sft_loss
from .tokens import TokenLogProbs


def orpo_loss(
    chosen: TokenLogProbs,
    rejected: TokenLogProbs,
    *,
    beta: float = 0.1,
    nll: Tensor | None = None,
) -> Tensor:
    """``nll - β log sigmoid(log odds(chosen) - log odds(rejected))``.

    The probability p of a reply is the geometric mean over its tokens; its odds are p / (1 - p).

    Args:
        chosen: (B, T).
        rejected: (B, T').
        beta: Weight of the preference part.
        nll: (B,), the supervised part. By default :func:`~bestofn_training.losses.sft_loss` of
            the chosen reply, as in Hong et al.; TRL averages over prompt and reply instead, which
            spends a long judge prompt's worth of loss on learning to write problem statements.

    Returns:
        Shape (B,).
    """
    p_chosen, p_rejected = chosen.mean(), rejected.mean()
    log_odds = (p_chosen - _log1mexp(p_chosen)) - (p_rejected - _log1mexp(p_rejected))
    supervised = sft_loss(chosen) if nll is None else nll
    return supervised - beta * F.logsigmoid(log_odds)


def _log1mexp(x: Tensor) -> Tensor:
    """``log(1 - exp(x))`` for x < 0, accurate at both ends; x = 0 is cut to the next number below.

    Both branches read values from their own side only: a branch not taken would otherwise send
    infinities times zero, which is not a number, backwards.
    """
    x = x.clamp(max=-torch.finfo(x.dtype).tiny)
    near = x > -math.log(2)
    half = torch.full_like(x, -math.log(2))
    return torch.where(
        near,
        torch.log(-torch.expm1(torch.where(near, x, half))),
        torch.log1p(-torch.exp(torch.where(near, half, x))),
    )
