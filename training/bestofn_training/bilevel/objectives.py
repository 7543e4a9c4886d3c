"""From a batch to per-sample losses: which log-probabilities each loss needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from ..losses import (
    TokenLogProbs,
    dpo_loss,
    group_advantages,
    grpo_loss,
    kto_kl,
    kto_loss,
    orpo_loss,
    sft_dpo_loss,
    sft_loss,
)
from ..losses.grpo import Normalise
from ..models import Batch, Judge


class Objective(Protocol):
    """Per-sample losses of a judge on a batch: (B,), with history."""

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """See the class."""


@dataclass(frozen=True, kw_only=True)
class DPO:
    """Preferences against a reference; ``supervised`` adds SFT on the chosen replies."""

    beta: float = 0.1
    supervised: bool = False

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """Losses of B pairs, see :func:`~bestofn_training.models.collate_preferences`."""
        base_chosen, base_rejected = halves(reference(judge, batch))
        chosen, rejected = halves(score(judge, batch))
        loss = sft_dpo_loss if self.supervised else dpo_loss
        return loss(chosen, rejected, base_chosen, base_rejected, beta=self.beta)


@dataclass(frozen=True, kw_only=True)
class ORPO:
    """Preferences without a reference."""

    beta: float = 0.1

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """Losses of B pairs."""
        chosen, rejected = halves(score(judge, batch))
        return orpo_loss(chosen, rejected, beta=self.beta)


@dataclass(frozen=True, kw_only=True)
class KTO:
    """Labelled replies; see :func:`~bestofn_training.losses.balanced_weights` for the weights."""

    beta: float = 0.1
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """Losses of B replies, see :func:`~bestofn_training.models.collate_labelled`."""
        base = reference(judge, batch)
        kl = base.values.new_zeros(())
        if "kl_input_ids" in batch:
            with torch.no_grad():
                drifted = score(judge, batch, "kl_")
            kl = kto_kl(drifted, reference(judge, batch, "kl_"))
        return kto_loss(
            score(judge, batch),
            base,
            batch["label"],
            kl,
            beta=self.beta,
            desirable_weight=self.desirable_weight,
            undesirable_weight=self.undesirable_weight,
        )


@dataclass(frozen=True, kw_only=True)
class SFT:
    """Replies to imitate."""

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """Losses of B replies."""
        return sft_loss(score(judge, batch))


@dataclass(frozen=True, kw_only=True)
class GRPO:
    """Groups of replies with rewards; a sample is a prompt with its group."""

    beta: float = 0.0
    unbiased_penalty: bool = True
    clip_low: float = 0.2
    clip_high: float = 0.2
    normalise: Normalise = "tokens"
    scale: Literal["group", "none"] = "group"
    tokens_per_group: float | None = None

    def __call__(self, judge: Judge, batch: Batch) -> Tensor:
        """Losses of B groups, see :func:`~bestofn_training.models.collate_groups`.

        ``old_log_probs`` (B * G, T - 1) in the batch are those at the time of sampling; without
        them the replies count as drawn from the judge as it is.
        """
        prompts, size = batch["rewards"].shape
        base = reference(judge, batch).values if self.beta else None
        scored = score(judge, batch)

        def grouped(values: Tensor) -> Tensor:
            return values.view(prompts, size, -1)

        old = batch.get("old_log_probs")
        return grpo_loss(
            grouped(scored.values),
            grouped(scored.mask),
            group_advantages(batch["rewards"], scale=self.scale),
            old_log_probs=None if old is None else grouped(old),
            reference_log_probs=None if base is None else grouped(base),
            beta=self.beta,
            unbiased_penalty=self.unbiased_penalty,
            clip_low=self.clip_low,
            clip_high=self.clip_high,
            normalise=self.normalise,
            tokens_per_group=self.tokens_per_group,
        )


def score(judge: Judge, batch: Batch, prefix: str = "") -> TokenLogProbs:
    """The judge's log-probabilities of a batch's replies, (S, T - 1)."""
    return judge.log_probs(
        batch[f"{prefix}input_ids"],
        batch[f"{prefix}attention_mask"],
        batch[f"{prefix}completion_mask"],
    )


def reference(judge: Judge, batch: Batch, prefix: str = "") -> TokenLogProbs:
    """The reference's, kept in the batch, where later passes over it find them."""
    key = f"{prefix}reference"
    if key not in batch:
        batch[key] = judge.reference_log_probs(
            batch[f"{prefix}input_ids"],
            batch[f"{prefix}attention_mask"],
            batch[f"{prefix}completion_mask"],
        ).values
    return TokenLogProbs(values=batch[key], mask=batch[f"{prefix}completion_mask"][:, 1:])


def halves(both: TokenLogProbs) -> tuple[TokenLogProbs, TokenLogProbs]:
    """Chosen and rejected replies of a batch of preferences."""
    middle = len(both) // 2
    return both.rows(0, middle), both.rows(middle, len(both))
