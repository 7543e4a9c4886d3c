"""Events as JSON Lines, exact across kills and resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..weights import Weighting
from .events import Event, LowerUpdate, MicroStep, Resumed, UpperUpdate


class Records:
    """Writes events to a file, one JSON object a line: ``event``, ``step`` and their fields.

    When a run goes on from a checkpoint, lines of later steps are removed, and so is a line that
    a kill left incomplete: the file always tells one straight story.

    Args:
        path: The file; it is added to.
        kinds: Which events; by default the updates of both levels.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        kinds: Collection[type[Any]] = (LowerUpdate, UpperUpdate),
    ) -> None:
        self.path = Path(path)
        self.kinds = tuple(kinds)

    def __call__(self, event: Event) -> None:
        """Write the event down, or cut the file back."""
        if isinstance(event, Resumed):
            cut_back(self.path, event.step)
        elif isinstance(event, self.kinds):
            name = _NAMES[type(event)]
            append(self.path, {"event": name, **asdict(event)})


class WeightHistory:
    """Writes down the learned weights, and how far they moved (figures 5 and 6).

    Args:
        path: The file: one JSON object a line, with ``step``, ``update``, ``moved`` and the
            weighting's snapshot.
        weighting: What to look at.
        every: Upper updates between two lines.
    """

    def __init__(self, path: str | Path, weighting: Weighting, *, every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.path = Path(path)
        self.weighting = weighting
        self.every = every

    def __call__(self, event: Event) -> None:
        """Write a line when one is due, or cut the file back."""
        if isinstance(event, Resumed):
            cut_back(self.path, event.step)
        elif isinstance(event, UpperUpdate) and event.update % self.every == 0:
            shown = {name: t.tolist() for name, t in self.weighting.snapshot().items()}
            moved = asdict(event.moved)
            row = {"step": event.step, "update": event.update, "moved": moved, **shown}
            append(self.path, row)


def append(path: Path, row: dict[str, Any]) -> None:
    """Add one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, default=str) + "\n")


def cut_back(path: Path, step: int) -> None:
    """Keep only whole lines up to ``step``."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n") and json.loads(line)["step"] <= step:
            kept.append(line)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(kept), encoding="utf-8")
    os.replace(draft, path)


_NAMES: dict[type[Any], str] = {
    MicroStep: "micro_step",
    LowerUpdate: "lower_update",
    UpperUpdate: "upper_update",
}
