"""Adam as a recipe sets it, and how its rate changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Adam, AdamW, Optimizer

from ..recipes.schema import Level, LowerPart


def make_optimizer(level: Level, parameters: list[Tensor]) -> Optimizer:
    """Adam; AdamW where weights decay."""
    about: dict[str, Any] = {
        "lr": level.rate,
        "betas": (level.beta1, level.beta2),
        "eps": level.eps,
    }
    if level.weight_decay:
        return AdamW(parameters, weight_decay=level.weight_decay, **about)
    return Adam(parameters, **about)


def rate_factor(part: LowerPart, updates: int) -> Callable[[int], float] | None:
    """What multiplies the rate of update number 0, 1, 2, ...; None where it is constant."""
    if not part.warmup and part.decay == "none":
        return None

    def factor(update: int) -> float:
        if update < part.warmup:
            return (update + 1) / (part.warmup + 1)
        gone = min((update - part.warmup) / max(updates - part.warmup, 1), 1.0)
        if part.decay == "linear":
            return 1.0 - gone
        if part.decay == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * gone))
        return 1.0

    return factor
