"""What the folder of a run says of itself, read without torch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bestofn.errors import FormatError

from ..data.card import file_digest
from ..data.rows import read_rows
from ..errors import BadRow
from ..recipes import Recipe, parse_recipe
from ..recipes.files import KINDS


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What ``run.json`` holds.

    Attributes:
        recipe: The run's settings.
        files: SHA-256 of the files it was trained on, by ``lower`` and ``upper``.
    """

    recipe: Recipe
    files: Mapping[str, str]


def read_record(folder: Path) -> RunRecord | None:
    """The record of a run; None where the folder is none's.

    Raises:
        FormatError: ``run.json`` is damaged.
        BadRecipe: it holds a recipe that this version cannot read.
    """
    path = folder / "run.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise FormatError(path, f"cannot be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("recipe"), dict):
        raise FormatError(path, "holds no recipe; is this the folder of a run?")
    files = data.get("files")
    return RunRecord(
        recipe=parse_recipe(data["recipe"], name=str(path)),
        files=files if isinstance(files, dict) else {},
    )


def check_unseen(record: RunRecord, problems: Collection[str]) -> bool:
    """Look for held-out problems in what the run was trained on.

    Args:
        record: Of the run.
        problems: Ids of the held-out problems.

    Returns:
        Whether it could be looked at: the files are there and still the ones of the run.

    Raises:
        BadRow: a problem is on both sides; names the row of the training data.
    """
    data = record.recipe.data
    names = {"lower": data.lower, "upper": data.upper}
    paths = {side: Path(data.folder) / names[side] for side in record.files if side in names}
    same = [path.is_file() and file_digest(path) == record.files[s] for s, path in paths.items()]
    if not same or not all(same):
        return False
    kind: Any = KINDS[record.recipe.loss.kind]  # four kinds: more than a type variable takes
    for path in paths.values():
        for number, row in read_rows(path, kind):
            if row.problem_id in problems:
                reason = (
                    f"{row.problem_id!r} is among the held-out problems: a judge must not be "
                    "measured on what it was trained on"
                )
                raise BadRow(path, number, "problem_id", reason)
    return True
