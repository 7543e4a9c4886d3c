"""Direct preference optimisation (Rafailov et al. 2023); appendix B of the DaJ paper: β = 0.1."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .tokens import TokenLogProbs


def dpo_loss(
    chosen: TokenLogProbs,
    rejected: TokenLogProbs,
    reference_chosen: TokenLogProbs,
    reference_rejected: TokenLogProbs,
    *,
    beta: float = 0.1,
) -> Tensor:
    """``-log sigmoid(β [(chosen - its reference) - (rejected - its reference)])``.

    Replies count as wholes: log-probabilities are summed over their tokens.

    Args:
        chosen: (B, T) under the judge in training.
        rejected: (B, T') under the judge in training.
        reference_chosen: (B, T) under the reference: the same model with its adapters off.
        reference_rejected: (B, T') likewise.
        beta: How tightly the judge is held to the reference; above 0.

    Returns:
        Shape (B,); log 2 for every sample as long as judge and reference agree.
    """
    gained = chosen.total() - reference_chosen.total().detach()
    lost = rejected.total() - reference_rejected.total().detach()
    return -F.logsigmoid(beta * (gained - lost))
