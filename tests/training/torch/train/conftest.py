"""CPU twins on rows of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bestofn_training.recipes import Recipe, read_recipe

if TYPE_CHECKING:
    from .runs import Twin


@pytest.fixture
def twin(recipes: Path, rows_in: Callable[[Path], Path], tmp_path: Path) -> Twin:
    """A CPU twin on rows of its own, with changes."""
    folder = rows_in(tmp_path / "data")

    def made(name: str = "dpo-domain", *changes: str) -> Recipe:
        path = recipes / "cpu" / f"{name}.toml"
        return read_recipe(path, [f"data.folder={folder}", "model.device=cpu", *changes])

    return made
