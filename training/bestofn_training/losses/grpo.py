"""Group relative policy optimisation with a verifiable reward (equation 1 of the DaJ paper).

Appendix B: groups of 16. The advantage of a reply is its reward relative to the other replies to
the same prompt, so a group in which all replies are rewarded alike teaches nothing.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .tokens import at_least_float32, masked

Normalise = Literal["sequence", "tokens"]
"""``sequence``: mean over a reply's tokens, then over the group (the GRPO paper).
``tokens``: sum over all tokens of the group, divided once (DAPO): long replies count for more."""


def group_advantages(
    rewards: Tensor, *, scale: Literal["group", "none"] = "group", eps: float = 1e-4
) -> Tensor:
    """Rewards relative to their group.

    Args:
        rewards: (P, G): P prompts, G replies each; G at least 2.
        scale: ``group`` divides by the group's standard deviation (of a sample, as TRL does);
            ``none`` only subtracts the mean, which keeps easy and hard prompts comparable.
        eps: Added to the standard deviation.

    Returns:
        (P, G), at least float32.
    """
    if rewards.dim() != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards must have shape (P, G) with G >= 2, got {tuple(rewards.shape)}")
    rewards = at_least_float32(rewards)
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    if scale == "none":
        return centred
    return centred / (rewards.std(dim=1, keepdim=True) + eps)


def grpo_loss(
    log_probs: Tensor,
    mask: Tensor,
    advantages: Tensor,
    *,
    old_log_probs: Tensor | None = None,
    reference_log_probs: Tensor | None = None,
    beta: float = 0.0,
    unbiased_penalty: bool = True,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    normalise: Normalise = "tokens",
    tokens_per_group: float | Tensor | None = None,
) -> Tensor:
    """The clipped policy-gradient loss of whole groups.

    Args:
        log_probs: (P, G, T) of the replies' tokens under the judge in training.
        mask: (P, G, T), boolean: tokens of the replies.
        advantages: (P, G), see :func:`group_advantages`.
        old_log_probs: (P, G, T) at the time of sampling; by default ``log_probs`` without history
            (one update per batch of rollouts: the ratio is 1 and only its gradient matters).
        reference_log_probs: (P, G, T) with the adapters off; needed where ``beta`` is not 0.
        beta: Weight of the penalty for leaving the reference (``exp(d) - d - 1`` per token,
            d = reference - judge); 0 as in DAPO and TRL's default.
        unbiased_penalty: Multiply the penalty by the ratio, so that its gradient is that of the
            divergence itself (DeepSeek-V3.2, and TRL's default); False is the GRPO paper's form.
        clip_low: The ratio is held above ``1 - clip_low`` ...
        clip_high: ... and below ``1 + clip_high`` where that limits the gain.
        normalise: See :data:`Normalise`.
        tokens_per_group: For ``tokens``, the divisor. By default the group's own count of tokens.
            DAPO divides by the tokens of the whole update: pass that count divided by the number
            of groups, and the mean over the groups is DAPO's loss. ``G * longest`` gives Dr. GRPO.

    Returns:
        Shape (P,): one loss per prompt, whose mean over prompts is the batch loss.
    """
    if log_probs.dim() != 3 or log_probs.shape != mask.shape:
        raise ValueError(
            f"log_probs and mask must share one shape (P, G, T), got {tuple(log_probs.shape)} "
            f"and {tuple(mask.shape)}"
        )
    if beta and reference_log_probs is None:
        raise ValueError("beta is not 0: pass reference_log_probs")
    current = masked(log_probs, mask)
    old = current.detach() if old_log_probs is None else masked(old_log_probs, mask).detach()
    ratio = torch.exp(current - old)
    advantage = at_least_float32(advantages).detach().unsqueeze(-1)
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    loss = -torch.minimum(ratio * advantage, clipped * advantage)
    if beta and reference_log_probs is not None:
        ahead = masked(reference_log_probs, mask).detach() - current
        penalty = torch.expm1(ahead) - ahead
        loss = loss + beta * (penalty * ratio if unbiased_penalty else penalty)
    loss = loss.masked_fill(~mask, 0.0)
    counts = mask.sum(dim=-1)
    if normalise == "sequence":
        return (loss.sum(dim=-1) / counts.clamp(min=1)).mean(dim=-1)
    divisor = counts.sum(dim=-1).clamp(min=1) if tokens_per_group is None else tokens_per_group
    return loss.sum(dim=(-1, -2)) / divisor
