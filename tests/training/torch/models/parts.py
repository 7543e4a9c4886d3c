"""Random replies, and adapters that do something."""

from __future__ import annotations

import torch
from bestofn_training.models import Batch, Reply, trainable


def replies(*lengths: tuple[int, int], seed: int = 0) -> list[Reply]:
    numbers = torch.Generator().manual_seed(seed)

    def draw(n: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 320, (n,), generator=numbers).tolist())

    return [Reply(prompt=draw(p), reply=draw(r)) for p, r in lengths]


def stir(model: torch.nn.Module, seed: int = 0) -> None:
    """Adapters start as doing nothing: give them something to do."""
    numbers = torch.Generator().manual_seed(seed)
    for parameter in trainable(model).values():
        parameter.data = torch.randn(parameter.shape, generator=numbers) * 0.05


def sequences(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return batch["input_ids"], batch["attention_mask"], batch["completion_mask"]
