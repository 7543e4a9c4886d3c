"""What is exported: a finished run, and the model that it started from. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bestofn.errors import FormatError

from ..data.card import file_digest, read_card
from ..errors import BadInput
from ..evaluate import EVALUATION, Evaluation, read_evaluation
from ..evaluate.runs import read_record
from ..recipes import TINY, Recipe


@dataclass(frozen=True, kw_only=True)
class Source:
    """A finished run.

    Attributes:
        folder: Of the run.
        recipe: Its settings.
        files: SHA-256 of what it was trained on, by ``lower`` and ``upper``.
        result: Its end, as ``result.json`` holds it.
        base: The model it started from: an absolute folder, or a name on the hub.
        asked: How its prompts were made (``template``, ``max_chars``, ``evidence``, ``seed``), as
            the data card says; None where no card speaks of these very rows.
        evaluation: The last held-out measures, if there are any.
    """

    folder: Path
    recipe: Recipe
    files: Mapping[str, str]
    result: Mapping[str, Any]
    base: str
    asked: Mapping[str, Any] | None
    evaluation: Evaluation | None

    @property
    def adapter(self) -> Path:
        """What was trained, with the tokenizer."""
        return self.folder / "adapter"

    @property
    def carries_base(self) -> bool:
        """Whether the base was made by the run, and exists nowhere else."""
        return self.recipe.model.name == TINY


def read_source(folder: Path) -> Source:
    """Look a run over.

    Args:
        folder: Of the run.

    Raises:
        BadInput: it is no run, it has not ended, or its base is not where it was.
        FormatError: a file of it is damaged.
    """
    record = read_record(folder)
    if record is None:
        raise BadInput("RUN", f"{folder} is not the folder of a run: it has no run.json")
    end = folder / "result.json"
    if not (folder / "adapter" / "adapter_model.safetensors").is_file() or not end.is_file():
        raise BadInput(
            "RUN", f"{folder} holds no adapter: training has not ended; give its command again"
        )
    measures = folder / EVALUATION
    return Source(
        folder=folder,
        recipe=record.recipe,
        files=record.files,
        result=read_object(end, "lower_updates", "upper_updates"),
        base=_base_of(folder, record.recipe.model.name),
        asked=_asked(record.recipe, record.files),
        evaluation=read_evaluation(measures) if measures.is_file() else None,
    )


def read_object(path: Path, *keys: str) -> dict[str, Any]:
    """A JSON object of a run.

    Args:
        path: The file.
        keys: What it must have.

    Raises:
        FormatError: it is damaged.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(path, f"cannot be read: {error}") from error
    missing = [key for key in keys if not isinstance(found, dict) or key not in found]
    if missing:
        raise FormatError(path, f"has no {missing[0]!r}; is it damaged?")
    return cast(dict[str, Any], found)


def _base_of(folder: Path, name: str) -> str:
    if name == TINY:
        return str((folder / "base").resolve())
    path = Path(name)
    if path.is_dir():
        return str(path.resolve())
    if path.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise BadInput(
            "model.name",
            f"{name!r} is not there; put the base model back where training found it, or export "
            "from the folder in which training ran",
        )
    return name  # a name on the hub, which is looked up when the model is loaded


def _asked(recipe: Recipe, files: Mapping[str, str]) -> Mapping[str, Any] | None:
    """How the prompts were made: believed only beside the very rows of the run."""
    folder = Path(recipe.data.folder)
    rows = folder / recipe.data.lower
    if not rows.is_file() or file_digest(rows) != files.get("lower"):
        return None
    card = read_card(folder)
    return None if card is None else card.get("prompt")
