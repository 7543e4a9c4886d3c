"""Where this process computes, and with whom: as ``torchrun`` says in the environment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch
import torch.distributed as dist

from ..errors import BadInput

_WANTED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def device_for(name: str) -> torch.device:
    """The device that a recipe names; ``auto`` and ``cuda`` take this process's own GPU.

    Raises:
        BadInput: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadInput("model.device", f"{name!r} is no device: {error}") from error
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise BadInput("model.device", "torch finds no GPU here; take auto or cpu")
        if device.index is None:
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    return device


@contextlib.contextmanager
def together(device: torch.device) -> Iterator[None]:
    """Join the processes that ``torchrun`` started; does nothing where there is one alone."""
    alone = int(os.environ.get("WORLD_SIZE", "1")) < 2
    if alone or dist.is_initialized() or any(name not in os.environ for name in _WANTED):
        yield
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()
