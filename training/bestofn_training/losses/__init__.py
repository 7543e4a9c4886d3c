"""Per-sample losses of the judge: pure functions of token log-probabilities.

Every function returns one number per sample (per group for GRPO), never a batch mean: the
weights of section 4 multiply samples. Sums over tokens are taken in float32 whatever the model
computes in (float64 stays float64).
"""

from .dpo import dpo_loss
from .grpo import group_advantages, grpo_loss
from .kto import balanced_weights, kto_kl, kto_loss
from .orpo import orpo_loss
from .sft import sft_dpo_loss, sft_loss
from .tokens import TokenLogProbs

__all__ = [
    "TokenLogProbs",
    "balanced_weights",
    "dpo_loss",
    "group_advantages",
    "grpo_loss",
    "kto_kl",
    "kto_loss",
    "orpo_loss",
    "sft_dpo_loss",
    "sft_loss",
]
