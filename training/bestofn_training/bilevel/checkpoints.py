"""Checkpoints that are either complete or not there."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any, cast

import torch

from ..errors import BadInput, CheckpointError
from .parallel import barrier, rank_and_world

FORMAT = 1


class Checkpoints:
    """A folder of checkpoints, ``step-00000022/rank-0.pt`` and one file per further process.

    They are written beside their final name and moved there when they are complete on disk, so a
    killed run leaves whole checkpoints only. They hold tensors, numbers and text, no code.

    Args:
        folder: Made when the first is saved.
        keep: How many to keep; older ones are removed after a newer one is complete.
        every: Micro-steps between two; None saves only when told.
    """

    def __init__(self, folder: str | Path, *, keep: int = 2, every: int | None = None) -> None:
        if keep < 1 or (every is not None and every < 1):
            raise BadInput("checkpoints", f"keep and every must be at least 1: {keep}, {every}")
        self.folder, self.keep, self.every = Path(folder), keep, every

    def all(self) -> list[Path]:
        """Complete ones, the oldest first."""
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def latest(self) -> Path | None:
        """The newest complete one, if there is any."""
        return next(reversed(self.all()), None)

    def save(self, step: int, state: dict[str, Any]) -> Path:
        """Write the state of this process; all processes must call it.

        Raises:
            CheckpointError: when it cannot be written.
        """
        rank, _ = rank_and_world()
        final = self.folder / f"step-{step:08d}"
        draft = self.folder / f".draft-{step:08d}"
        try:
            if rank == 0:
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(parents=True)
            barrier()
            with (draft / f"rank-{rank}.pt").open("wb") as file:
                torch.save({"format": FORMAT, **state}, file)
                file.flush()
                os.fsync(file.fileno())
            barrier()
            if rank == 0:
                if final.exists():
                    shutil.rmtree(final)
                draft.rename(final)
                _sync(self.folder)
                for old in self.all()[: -self.keep]:
                    shutil.rmtree(old)
            barrier()
        except OSError as error:
            raise CheckpointError(f"cannot write {final}: {error}") from error
        return final


def load(path: Path) -> dict[str, Any]:
    """The state of this process.

    Raises:
        CheckpointError: when there is none, it is damaged, or of another format.
    """
    rank, _ = rank_and_world()
    file = path / f"rank-{rank}.pt"
    if not file.is_file():
        raise CheckpointError(f"{path} holds nothing for process {rank}: is it a checkpoint?")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{file} is damaged: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{file} was not written by this version; start the run anew")
    return cast(dict[str, Any], state)


def _sync(folder: Path) -> None:
    """Make the rename itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
