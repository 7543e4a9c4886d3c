"""The adapter added into its base, and the proof that the sum answers as the two of them did.

Everything is added and compared in float32. Weights are rounded to their final type afterwards,
and what rounding changes is measured on the files as they were written, not on what was in memory:
bfloat16 keeps 8 bits, and small updates can drown in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from bestofn.benchmarks import shipped

from ..data.prompts import Prompter
from ..errors import BadInput
from ..models import Tokenising
from ..models.loading import loading

Dtype = Literal["bfloat16", "float32"]

TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}

LOSES = 0.1
"""From this share of the adapter's effect on, rounding is worth a warning."""

_PROMPTS = 3
_TOKENS = 256  # of a prompt: its end, so that the logits of a large vocabulary stay small
_OF_EFFECT, _OF_LOGITS = 1e-2, 1e-5  # what addition in float32 may change


@dataclass(frozen=True, kw_only=True)
class Merge:
    """What merging came to. Differences are root mean squares over all logits of all positions.

    Attributes:
        dtype: Of the weights as written.
        prompts: Prompts compared.
        effect: How far the adapter moves the base's logits.
        merging: How far merged weights, in float32, are from base and adapter.
        rounding: How far the weights as written are from base and adapter, computed in float32.
    """

    dtype: Dtype
    prompts: int
    effect: float
    merging: float
    rounding: float

    @property
    def lost(self) -> float:
        """Share of the adapter's effect that the written weights miss."""
        return self.rounding / self.effect if self.effect else 0.0


def merge(
    adapter: Path,
    base: str,
    output: Path,
    prompts: Sequence[Tensor],
    generation: GenerationConfig,
    *,
    trained_in: Dtype,
    dtype: Dtype,
) -> Merge:
    """Write base and adapter as one model. Takes 4 bytes of memory for every parameter.

    Args:
        adapter: Of a run.
        base: The model it belongs to: a folder or a name.
        output: Where to.
        prompts: What to compare on: token numbers, (T,) each.
        generation: The model's defaults.
        trained_in: The type of the base's weights during training.
        dtype: Of the weights to write.

    Raises:
        BadInput: base or adapter cannot be loaded, or the merged model answers differently.
    """
    model = _load(base, trained_in).to(torch.float32)  # type: ignore[arg-type]
    with loading("RUN", adapter):
        adapted = PeftModel.from_pretrained(model, str(adapter)).eval()
    trained = logits_of(adapted, prompts)
    with adapted.disable_adapter():
        effect = _distance(logits_of(adapted, prompts), trained)
    try:
        merged = cast(PreTrainedModel, adapted.merge_and_unload(safe_merge=True))
    except ValueError as error:  # what safe merging finds
        raise BadInput("RUN", f"its adapter cannot be merged: {error}") from error
    merging = _distance(logits_of(merged, prompts), trained)
    demand_same(merging, effect, _size(trained))
    merged.to(TYPES[dtype])  # type: ignore[arg-type]
    merged.generation_config = generation
    merged.save_pretrained(output)
    del model, adapted, merged
    written = _load(str(output), "float32")
    return Merge(
        dtype=dtype,
        prompts=len(prompts),
        effect=effect,
        merging=merging,
        rounding=_distance(logits_of(written, prompts), trained),
    )


def demand_same(merging: float, effect: float, size: float) -> None:
    """Refuse a merge that is more than the order of additions in float32 explains.

    Args:
        merging: How far the merged logits are from those of base and adapter.
        effect: How far these are from the base's.
        size: How large they are.

    Raises:
        BadInput: they are not the same.
    """
    if not merging <= _OF_EFFECT * effect + _OF_LOGITS * size:  # also when one is not a number
        raise BadInput(
            "--merged",
            f"the merged model differs from base and adapter: its logits by {merging:.2g}, where "
            f"the adapter moves them by {effect:.2g}; serve the adapter instead",
        )


def sample_prompts(tokenising: Tokenising) -> list[Tensor]:
    """Judge prompts on the problems that come with bestofn, cut to their last tokens."""
    prompter = Prompter()
    found = []
    for item in shipped.load(limit=_PROMPTS).items:
        pair = item.candidates[:2]
        conversation = prompter.asking(item.problem, pair)([each.id for each in pair])
        found.append(torch.tensor(tokenising.prompt(conversation)[-_TOKENS:]))
    return found


@torch.no_grad()
def logits_of(model: torch.nn.Module, prompts: Sequence[Tensor]) -> list[Tensor]:
    """Logits of all positions of all prompts, (T, V) each, float32."""
    return [model(input_ids=ids.unsqueeze(0)).logits[0].float() for ids in prompts]


def _load(source: str, dtype: Dtype) -> PreTrainedModel:
    with loading("model.name", source):
        model = AutoModelForCausalLM.from_pretrained(source, dtype=TYPES[dtype])
    torch.nn.Module.eval(model)
    return cast(PreTrainedModel, model)


def _distance(left: Sequence[Tensor], right: Sequence[Tensor]) -> float:
    return _size([a - b for a, b in zip(left, right, strict=True)])


def _size(parts: Sequence[Tensor]) -> float:
    total = sum(float(part.double().square().sum()) for part in parts)
    return math.sqrt(total / sum(part.numel() for part in parts))
