"""Log-probabilities of replies, without holding the logits of a whole batch.

At a vocabulary of 150,000 the logits of one sequence of 4,096 tokens take 2.5 GB in float32, and
as much again on the way back. So the output layer is applied to the positions of the reply only,
a chunk at a time, and applied again when the gradient is wanted.
"""

from __future__ import annotations

from typing import cast

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from ..losses import TokenLogProbs


def completion_log_probs(
    model: nn.Module,
    input_ids: Tensor,
    attention_mask: Tensor,
    completion_mask: Tensor,
    *,
    chunk: int = 1024,
) -> TokenLogProbs:
    """Log-probabilities of the tokens that ``completion_mask`` marks.

    Args:
        model: A causal language model, with or without adapters.
        input_ids: (B, T), integers, padded on the right.
        attention_mask: (B, T), boolean: false on padding.
        completion_mask: (B, T), boolean: true on the tokens whose log-probability is wanted. The
            first position has nothing before it and must be false.
        chunk: Positions whose logits are held at once; 0 holds all, without recomputation, which
            a second derivative needs.

    Returns:
        (B, T - 1), float32: entry t belongs to token t + 1; 0 where not wanted.
    """
    base = base_model(model)
    wanted = completion_mask[:, 1:]
    backbone = base.base_model
    output = backbone(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
    hidden = output.last_hidden_state[:, :-1][wanted]
    targets = input_ids[:, 1:][wanted]
    head = base.get_output_embeddings()  # type: ignore[no-untyped-call]
    if not isinstance(head, nn.Module):
        raise TypeError(f"{type(base).__name__} has no output layer")
    flat = _chunked(head, hidden, targets, chunk)
    values = torch.zeros(wanted.shape, dtype=flat.dtype, device=flat.device)
    return TokenLogProbs(values=values.masked_scatter(wanted, flat), mask=wanted)


def logits_log_probs(
    model: nn.Module, input_ids: Tensor, attention_mask: Tensor, completion_mask: Tensor
) -> TokenLogProbs:
    """The same from the model's own logits, all of them at once: for any architecture."""
    output = model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
    log_probs = output.logits[:, :-1].float().log_softmax(dim=-1)
    values = log_probs.gather(2, input_ids[:, 1:].unsqueeze(-1)).squeeze(-1)
    wanted = completion_mask[:, 1:]
    return TokenLogProbs(values=values.masked_fill(~wanted, 0.0), mask=wanted)


def base_model(model: nn.Module) -> PreTrainedModel:
    """The model of transformers below any adapters."""
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    return cast(PreTrainedModel, base)


def _chunked(head: nn.Module, hidden: Tensor, targets: Tensor, chunk: int) -> Tensor:
    if not chunk:
        return _gather(hidden, targets, head)
    parts = []
    for start in range(0, len(targets), chunk):
        part = slice(start, start + chunk)
        if torch.is_grad_enabled():
            found = checkpoint(_gather, hidden[part], targets[part], head, use_reentrant=False)
        else:
            found = _gather(hidden[part], targets[part], head)
        parts.append(cast(Tensor, found))
    return torch.cat(parts)


def _gather(hidden: Tensor, targets: Tensor, head: nn.Module) -> Tensor:
    logits = head(hidden).float()
    return -F.cross_entropy(logits, targets, reduction="none")
