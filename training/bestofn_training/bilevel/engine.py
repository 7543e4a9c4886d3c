"""Betty's engine, with exact resume, checkpoints, events and a stop before harm is done."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..errors import BadInput, CheckpointError, Diverged, OutOfMemory
from . import checkpoints as files
from .betty import Engine, EngineConfig, get_logger
from .checkpoints import Checkpoints
from .events import Callback, Event, Resumed, Saved
from .lower import LowerProblem
from .parallel import broadcast_, rank_and_world
from .problem import JudgeProblem, NotFinite
from .upper import UpperProblem

OUT_OF_MEMORY = (
    "the device has not enough memory; in this order: turn gradient checkpointing on, lower the "
    "chunk of the output layer, shorten the context (longer rows are then refused), weight by "
    "domain instead of by sample (one gradient per domain is kept instead of one per sample), "
    "lower the accumulation, lower the rank of the adapters"
)


class JudgeEngine(Engine):  # type: ignore[misc]
    """Runs both levels, or the lower one alone.

    Args:
        lower: The judge's training.
        upper: The weights' learning; None for the baseline without weights.
        device: Where both live; by default where the judge is.
        checkpoints: Where and how often to save; None never saves.
        callbacks: Told of every event, in order, in the first process only.
    """

    def __init__(
        self,
        lower: LowerProblem,
        upper: UpperProblem | None = None,
        *,
        device: torch.device | str | None = None,
        checkpoints: Checkpoints | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if upper is not None and upper.schedule != lower.schedule:
            raise BadInput("schedule", "both problems must have the same")
        if (upper is None) != (lower.hypergradient is None):
            raise BadInput("hypergradient", "belongs to an upper level: give both or neither")
        self.schedule = schedule = lower.schedule
        self.checkpoints = checkpoints
        self.callbacks = tuple(callbacks)
        self.last_checkpoint: Path | None = None
        self._where = torch.device(device or lower.judge.device)
        self._both: tuple[JudgeProblem, ...] = (lower,) if upper is None else (lower, upper)
        get_logger().setLevel(logging.WARNING)  # else it prints to the standard output
        super().__init__(
            [lower] if upper is None else [upper, lower],
            EngineConfig(train_iters=schedule.micro_steps, valid_step=schedule.micro_steps + 1),
            {"u2l": {}, "l2u": {}}
            if upper is None
            else {"u2l": {upper: [lower]}, "l2u": {lower: [upper]}},
        )
        for problem in self._both:
            problem.emit = self.emit
            broadcast_([p.data for p in problem.trainable_parameters()])
        if upper is not None:
            upper.micro_step = lambda: int(self.global_step)

    def configure_systems(self) -> dict[str, Any]:
        """One device per process; what processes share, they share by our own means."""
        self._rank, self._world_size = rank_and_world()
        self._local_rank = self._rank
        self.device = self._where
        return {
            "strategy": "default",
            "backend": None,
            "world_size": self._world_size,
            "rank": self._rank,
            "local_rank": self._local_rank,
        }

    def emit(self, event: Event) -> None:
        """Tell the callbacks."""
        if self.is_rank_zero():
            for callback in self.callbacks:
                callback(event)

    def run(self, until: int | None = None) -> None:
        """Go on to the end of the schedule, or to micro-step ``until``.

        Raises:
            Diverged: a loss or a gradient is not finite, or a loss is above its limit. Nothing
                has been moved by it.
            OutOfMemory: with what to change.
            CheckpointError: a checkpoint cannot be written.
        """
        self.train()
        end = self.schedule.micro_steps if until is None else min(until, self.schedule.micro_steps)
        try:
            while self.global_step < end:
                self.global_step += 1
                self.train_step()
                self._save_if_due()
        except NotFinite as error:
            message = f"stopped at micro-step {self.global_step}: {error}"
            raise Diverged(message, checkpoint=self.last_checkpoint) from error
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(OUT_OF_MEMORY) from error

    def save(self) -> Path:
        """Write a checkpoint now.

        Raises:
            BadInput: when there is no place for it.
        """
        if self.checkpoints is None:
            raise BadInput("checkpoints", "are off: give the engine a folder")
        path = self.checkpoints.save(self.global_step, self.state_dict())
        self.last_checkpoint = path
        self.emit(Saved(step=self.global_step, path=path))
        return path

    def resume(self, path: Path | None = None) -> bool:
        """Go back to a checkpoint, by default the newest.

        Returns:
            Whether there was one.

        Raises:
            CheckpointError: it is damaged or belongs to another run.
        """
        if path is None and self.checkpoints is not None:
            path = self.checkpoints.latest()
        if path is None:
            return False
        self.load_state_dict(files.load(path))
        self.last_checkpoint = path
        self.emit(Resumed(step=self.global_step, path=path))
        return True

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the run depends on, besides data, model and settings."""
        return {
            "run": self._fingerprint(),
            "step": self.global_step,
            "random": _random_state(),
            "problems": {problem.name: problem.state() for problem in self._both},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The opposite of :meth:`state_dict`.

        Raises:
            CheckpointError: naming a setting that was another.
        """
        now, then = self._fingerprint(), state["run"]
        for key in sorted(now.keys() | then.keys()):
            if now.get(key) != then.get(key):
                raise CheckpointError(
                    f"the checkpoint belongs to another run: {key} was {then.get(key)!r}, is "
                    f"{now.get(key)!r}"
                )
        self.global_step = int(state["step"])
        for problem in self._both:
            problem.load(state["problems"][problem.name])
        _restore_random(state["random"])

    def _save_if_due(self) -> None:
        if self.checkpoints is None or self.checkpoints.every is None:
            return
        if self.global_step % self.checkpoints.every == 0:
            self.save()

    def _fingerprint(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "lower_accumulation": self.schedule.lower_accumulation,
            "upper_accumulation": self.schedule.upper_accumulation,
            "processes": self._world_size,
        }
        for problem in self._both:
            found[f"{problem.name}.type"] = problem.config.type
            found[f"{problem.name}.module"] = type(problem.module).__name__
            found[f"{problem.name}.samples"] = problem.stream.size
            found[f"{problem.name}.seed"] = problem.stream.seed
            found[f"{problem.name}.batch"] = problem.stream.batch
            found[f"{problem.name}.shapes"] = [
                list(p.shape) for p in problem.trainable_parameters()
            ]
        return found


def _random_state() -> dict[str, Any]:
    version, words, spare = random.getstate()
    return {
        "python": [version, list(words), spare],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore_random(state: dict[str, Any]) -> None:
    version, words, spare = state["python"]
    random.setstate((version, tuple(words), spare))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
