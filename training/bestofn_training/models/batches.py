"""From tokens to batches: dictionaries of tensors, padded on the right.

Every batch holds ``index`` and ``domain``, (B,), integers: the samples' places in the training
set and the numbers of their domains. Sequences are ``input_ids``, ``attention_mask`` and
``completion_mask``, (S, T), the masks boolean, with S = 2B for preferences (the chosen replies,
then the rejected ones, as TRL orders them), B for labelled replies and targets, and B * G for
groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .tokenising import Reply

Batch = dict[str, Tensor]


def collate_preferences(
    pairs: Sequence[tuple[Reply, Reply]],
    index: Sequence[int],
    domain: Sequence[int],
    *,
    padding: int,
) -> Batch:
    """B pairs of chosen and rejected replies: for DPO, ORPO, SFT + DPO."""
    replies = [chosen for chosen, _ in pairs] + [rejected for _, rejected in pairs]
    return {**_sequences(replies, padding), **_about(index, domain)}


def collate_targets(
    replies: Sequence[Reply], index: Sequence[int], domain: Sequence[int], *, padding: int
) -> Batch:
    """B replies to be imitated: for SFT."""
    return {**_sequences(replies, padding), **_about(index, domain)}


def collate_labelled(
    replies: Sequence[Reply],
    labels: Sequence[bool],
    index: Sequence[int],
    domain: Sequence[int],
    *,
    padding: int,
    mismatched: Sequence[Reply] = (),
) -> Batch:
    """B replies that are right or not: for KTO.

    Args:
        replies: The replies.
        labels: Which are right; ``label``, (B,), boolean.
        index: Places of the samples.
        domain: Numbers of the domains.
        padding: The padding token.
        mismatched: Any number M of replies put after prompts that they do not answer, from which
            the drift is estimated: ``kl_input_ids``, ``kl_attention_mask`` and
            ``kl_completion_mask``, (M, T'). Without them the drift counts as 0.
    """
    batch = {**_sequences(replies, padding), **_about(index, domain)}
    batch["label"] = torch.tensor(list(labels), dtype=torch.bool)
    if mismatched:
        batch |= {f"kl_{name}": t for name, t in _sequences(mismatched, padding).items()}
    return batch


def collate_groups(
    groups: Sequence[Sequence[Reply]],
    rewards: Sequence[Sequence[float]],
    index: Sequence[int],
    domain: Sequence[int],
    *,
    padding: int,
) -> Batch:
    """B prompts with G replies each: for GRPO; ``rewards``, (B, G).

    Raises:
        ValueError: when groups differ in size, or rewards do not match them.
    """
    sizes = {len(group) for group in groups} | {len(row) for row in rewards}
    if len(sizes) != 1 or len(groups) != len(rewards):
        raise ValueError("all groups must have one size, and one reward for each reply")
    batch = {**_sequences([r for group in groups for r in group], padding)}
    batch["rewards"] = torch.tensor([list(row) for row in rewards], dtype=torch.float32)
    return {**batch, **_about(index, domain)}


def _sequences(replies: Sequence[Reply], padding: int) -> Batch:
    longest = max(map(len, replies))
    ids = torch.full((len(replies), longest), padding, dtype=torch.long)
    attention = torch.zeros((len(replies), longest), dtype=torch.bool)
    completion = torch.zeros((len(replies), longest), dtype=torch.bool)
    for place, reply in enumerate(replies):
        ids[place, : len(reply)] = torch.tensor(reply.prompt + reply.reply)
        attention[place, : len(reply)] = True
        completion[place, len(reply.prompt) : len(reply)] = True
    return {"input_ids": ids, "attention_mask": attention, "completion_mask": completion}


def _about(index: Sequence[int], domain: Sequence[int]) -> Batch:
    return {
        "index": torch.tensor(list(index), dtype=torch.long),
        "domain": torch.tensor(list(domain), dtype=torch.long),
    }
