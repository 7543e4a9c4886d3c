"""Several processes, each with its own part of the data.

Only adapters and weights are trained, so their gradients are averaged by hand when an update is
due; the model itself is not wrapped. Without ``torch.distributed`` all of this does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def rank_and_world() -> tuple[int, int]:
    """Which process this is, of how many."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def average_(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over all processes, in one message per type."""
    _, world = rank_and_world()
    if world == 1:
        return
    for kind in {t.dtype for t in tensors}:
        same = [t for t in tensors if t.dtype == kind]
        flat = torch.cat([t.reshape(-1) for t in same])
        dist.all_reduce(flat)
        flat /= world
        start = 0
        for tensor in same:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()


def broadcast_(tensors: Sequence[Tensor]) -> None:
    """Give all processes what the first has."""
    if rank_and_world()[1] > 1:
        for tensor in tensors:
            dist.broadcast(tensor, 0)


def barrier() -> None:
    """Wait for all processes."""
    if rank_and_world()[1] > 1:
        dist.barrier()
