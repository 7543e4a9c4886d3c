"""Low-rank adapters on every projection (appendix B), through PEFT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel

from ..errors import BadInput

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class LoraSettings:
    """The adapters of appendix B.

    Attributes:
        rank: r.
        alpha: The adapter's output is scaled by ``alpha / rank``.
        dropout: On the adapter's input.
        targets: Names of the linear layers that get one.
    """

    rank: int = 32
    alpha: int = 64
    dropout: float = 0.0
    targets: tuple[str, ...] = PROJECTIONS


def add_lora(
    model: PreTrainedModel,
    settings: LoraSettings | None = None,
    *,
    gradient_checkpointing: bool = False,
) -> PeftModel:
    """Freeze ``model`` and put adapters on it, which start as doing nothing.

    The adapters are float32 whatever the model is: in bfloat16 a step of 1e-6 is rounded away.

    Args:
        model: A causal language model.
        settings: By default those of the paper.
        gradient_checkpointing: Recompute each layer's activations on the way back.

    Raises:
        BadInput: naming layers that the model does not have.
    """
    wanted = settings or LoraSettings()
    present = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    missing = [name for name in wanted.targets if name not in present]
    if missing:
        raise BadInput(
            "lora.targets", f"this model has no layer called {', '.join(missing)}; name its own"
        )
    config = LoraConfig(
        r=wanted.rank,
        lora_alpha=wanted.alpha,
        lora_dropout=wanted.dropout,
        target_modules=list(wanted.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    if not isinstance(adapted, PeftModel):
        raise TypeError(f"PEFT returned a {type(adapted).__name__}")
    for parameter in trainable(adapted).values():
        parameter.data = parameter.data.float()
    if gradient_checkpointing:
        untyped: Any = model  # as some releases of transformers are; the name is changing too
        newer = getattr(untyped, "activation_checkpointing_enable", None)
        (newer or untyped.gradient_checkpointing_enable)({"use_reentrant": False})
    return adapted


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by name, in the model's order."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


@contextmanager
def adapters_off(model: PeftModel) -> Iterator[None]:
    """Within it the model is the one before training, without history."""
    with model.disable_adapter(), torch.no_grad():
        yield
