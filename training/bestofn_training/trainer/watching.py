"""Who looks on: a progress bar, TensorBoard, Weights & Biases. All are callbacks of the engine."""

from __future__ import annotations

import hashlib
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..bilevel import Event, LowerUpdate, MicroStep, Resumed, UpperUpdate
from ..errors import MissingPackage
from ..recipes import Recipe, as_record

_LINES = 10  # of plain progress in a whole run


class Bar:
    """A bar with the time left on a terminal, plain lines elsewhere. A context manager.

    Args:
        total: Micro-steps of the run.
        console: Where to.
    """

    def __init__(self, total: int, console: Console) -> None:
        self._total = total
        self._console = console
        self._began = (time.monotonic(), 0)
        self._loss = self._meta = ""
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            if console.is_terminal
            else None
        )
        self._task = self._bar.add_task("training", total=total) if self._bar else None

    def __enter__(self) -> Bar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Note what happened."""
        if isinstance(event, LowerUpdate):
            self._loss = f"loss {event.loss:.4f}"
        elif isinstance(event, UpperUpdate):
            self._meta = f", meta loss {event.meta_loss:.4f}, moved {event.moved.largest:.4f}"
        elif isinstance(event, Resumed):
            self._resumed(event.step)
        elif isinstance(event, MicroStep):
            self._advance(event.step)

    def _resumed(self, step: int) -> None:
        self._began = (time.monotonic(), step)
        if step >= self._total:
            self._console.print(f"all {self._total} micro-steps are made already")
            return
        self._console.print(f"goes on after micro-step {step} of {self._total}")
        if self._bar is not None and self._task is not None:
            # A fresh start for the estimate: the steps before took no time of this sitting.
            self._bar.reset(self._task, completed=step, total=self._total)

    def _advance(self, step: int) -> None:
        about = f"{self._loss}{self._meta}" or "training"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step, description=about)
        elif step == self._total or step * _LINES // self._total > (
            (step - 1) * _LINES // self._total
        ):
            since, first = self._began
            seconds = time.monotonic() - since
            left = seconds / max(step - first, 1) * (self._total - step)
            self._console.print(
                f"micro-step {step}/{self._total}, {about}, {seconds:.0f} s, {left:.0f} s left"
            )


class TensorBoard:
    """Updates of both levels for TensorBoard.

    Args:
        folder: Of its files.

    Raises:
        MissingPackage: it is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            module: Any = import_module("torch.utils.tensorboard")
        except ImportError as error:
            raise MissingPackage(
                "tensorboard",
                "pip install 'bestofn-training[tensorboard]'",
                "output.tensorboard = true",
            ) from error
        self._module, self._folder = module, folder
        self._writer: Any = None

    def __call__(self, event: Event) -> None:
        """Write it down."""
        if isinstance(event, Resumed):
            self.close()
            # What an earlier sitting wrote beyond the checkpoint is void.
            self._writer = self._module.SummaryWriter(self._folder, purge_step=event.step + 1)
            return
        if numbers := scalars(event):
            if self._writer is None:
                self._writer = self._module.SummaryWriter(self._folder)
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, event.step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Wandb:
    """Updates of both levels for Weights & Biases; a resumed run goes on in the same record.

    Args:
        project: Its name there.
        folder: Of the run; it also tells runs apart.
        recipe: Its settings.

    Raises:
        MissingPackage: it is not installed.
    """

    def __init__(self, project: str, folder: Path, recipe: Recipe) -> None:
        try:
            wandb: Any = import_module("wandb")
        except ImportError as error:
            raise MissingPackage(
                "wandb", "pip install 'bestofn-training[wandb]'", f"output.wandb = {project!r}"
            ) from error
        name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self._run = wandb.init(
            project=project, dir=str(folder), id=name, resume="allow", config=as_record(recipe)
        )

    def __call__(self, event: Event) -> None:
        """Send it."""
        if numbers := scalars(event):
            self._run.log({**numbers, "micro_step": event.step})

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()


def scalars(event: Event) -> dict[str, float]:
    """The numbers of an update by name; of other events none."""
    if isinstance(event, LowerUpdate):
        return {
            "lower/loss": event.loss,
            "lower/weighted_loss": event.weighted_loss,
            "lower/gradient_norm": event.gradient_norm,
            "lower/rate": event.rate,
        }
    if isinstance(event, UpperUpdate):
        return {
            "upper/meta_loss": event.meta_loss,
            "upper/gradient_norm": event.gradient_norm,
            "upper/moved_largest": event.moved.largest,
            "upper/moved_mean": event.moved.mean,
        }
    return {}
