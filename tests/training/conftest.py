"""Rows to train on, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "training" / "bestofn_training"
RECIPES = PACKAGE / "recipes" / "shipped"


@pytest.fixture(scope="session")
def recipes() -> Path:
    """The folder of recipes."""
    return RECIPES


@pytest.fixture
def rows_in() -> Callable[[Path], Path]:
    """Fills a folder with the files that a recipe may name: 12 rows to train on, 4 as meta set."""
    return fill


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for side, problems in (("lower", range(6)), ("upper", range(6, 8)), ("held_out", range(8, 9))):
        made: dict[str, list[dict[str, Any]]] = {"": [], "preferences": [], "kto": [], "sft": []}
        for problem in problems:
            for order in range(2):
                for kind, row in rows_of(problem, order).items():
                    made[kind].append(row)
        for kind, rows in made.items():
            write(folder / f"{side}{f'.{kind}' if kind else ''}.jsonl", rows)
    return folder


def rows_of(problem: int, order: int) -> dict[str, dict[str, Any]]:
    """One row of each kind."""
    right = 1 + (problem + order) % 2
    about = {
        "id": f"p{problem}:0:{order}",
        "problem_id": f"p{problem}",
        "prompt": [{"role": "user", "content": f"Which program adds {problem}? First or second?"}],
        "domain": ("easy", "medium", "hard")[problem % 3],
        "generator": "weak",
    }
    said = [
        {"role": "assistant", "content": f"I compare both. <best>{place}</best>"}
        for place in (right, 3 - right)
    ]
    return {
        "": {**about, "order": ["a", "b"], "right": [right]},
        "preferences": {**about, "chosen": said[:1], "rejected": said[1:]},
        "kto": {**about, "completion": [said[order]], "label": order == 0},
        "sft": {**about, "completion": said[:1]},
    }


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
