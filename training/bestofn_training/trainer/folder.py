"""The folder of a run: what is in it, and that it belongs to this run and no other."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.card import file_digest
from ..errors import BadInput, CheckpointError
from ..recipes import Recipe, as_record

_FREE = ("output", "model.device")
"""What may change between two sittings of one run."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where everything of a run lies.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def run(self) -> Path:
        """The recipe and digests of the data: what the run is."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """Updates of both levels, JSON Lines."""
        return self.path / "metrics.jsonl"

    @property
    def weights(self) -> Path:
        """The learned weights and how far they moved, JSON Lines."""
        return self.path / "weights.jsonl"

    @property
    def checkpoints(self) -> Path:
        """A folder."""
        return self.path / "checkpoints"

    @property
    def base(self) -> Path:
        """The model itself, where it was made on the spot."""
        return self.path / "base"

    @property
    def adapter(self) -> Path:
        """What was trained, as PEFT saves it, with the tokenizer."""
        return self.path / "adapter"

    @property
    def result(self) -> Path:
        """The end of the run, in numbers."""
        return self.path / "result.json"

    @property
    def _begun(self) -> bool:
        """Whether anything was trained here."""
        lines = any(p.is_file() and p.stat().st_size for p in (self.metrics, self.weights))
        return lines or any(p.exists() for p in (self.checkpoints, self.adapter, self.result))

    def claim(self, recipe: Recipe, files: Mapping[str, Path]) -> None:
        """Make the folder this run's, or find that it is.

        Raises:
            BadInput: it holds another run that has begun; names the first setting that differs.
            CheckpointError: what it says of its run cannot be read.
        """
        about = {
            "recipe": as_record(recipe),
            "files": {name: file_digest(path) for name, path in files.items()},
        }
        if not self.run.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.run, about)
            return
        try:
            before = json.loads(self.run.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise CheckpointError(f"{self.run} cannot be read: {error}") from error
        now = dict(_flat(json.loads(json.dumps(about))))
        then = dict(_flat(before))
        for key in sorted(now.keys() | then.keys()):
            if now.get(key) != then.get(key) and not _may_change(key, recipe):
                if not self._begun:  # a start that failed: the corrected one may have the folder
                    shutil.rmtree(self.base, ignore_errors=True)
                    break
                raise BadInput(
                    "--output",
                    f"{self.path} holds another run: {key} was {then.get(key)!r}, is "
                    f"{now.get(key)!r}; take another folder, or the old settings to go on with it",
                )
        write_json(self.run, about)


def write_json(path: Path, data: Any) -> None:
    """All of it or nothing."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def replace_folder(draft: Path, final: Path) -> None:
    """Put a finished folder in its place."""
    if final.exists():
        shutil.rmtree(final)
    draft.rename(final)


def _may_change(key: str, recipe: Recipe) -> bool:
    key = key.removeprefix("recipe.")
    if key == "schedule.iterations":  # a run may be made longer, unless its rate knows the end
        return recipe.lower.decay == "none"
    return any(key == free or key.startswith(f"{free}.") for free in (*_FREE, "data.folder"))


def _flat(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(data, Mapping):
        yield prefix, data
        return
    for key, value in data.items():
        yield from _flat(value, f"{prefix}.{key}" if prefix else key)
