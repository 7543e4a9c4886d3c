"""Damaged runs and paths that cannot be used: one line, code 2, nothing half written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.cli import app  # noqa: E402
from bestofn_training.recipes import read_recipe  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402
from typer.testing import CliRunner  # noqa: E402


@pytest.fixture
def run(tmp_path: Path, recipes: Path, rows_in: Callable[[Path], Path]) -> Path:
    """A finished run."""
    settings = [f"data.folder={rows_in(tmp_path / 'data')}", "model.device=cpu"]
    recipe = read_recipe(recipes / "cpu" / "dpo-none.toml", [*settings, "schedule.iterations=1"])
    return train(recipe, tmp_path / "run").folder


def refused(*arguments: object) -> str:
    """The one line that a command ends with."""
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert result.stderr.splitlines()[-1] == line
    return line


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "name",
    [
        "adapter/adapter_model.safetensors",
        "adapter/adapter_config.json",
        "adapter/tokenizer.json",
        "base/model.safetensors",
        "base/config.json",
        "result.json",
    ],
)
def test_what_is_half_there_is_not_exported(run: Path, tmp_path: Path, name: str) -> None:
    halve(run / name)
    said = refused("export", run, "--output", tmp_path / "judges" / "judge")
    assert str(run / Path(name).parts[0]) in said
    assert not any((tmp_path / "judges").glob("*"))


@pytest.mark.parametrize("name", ["adapter/adapter_model.safetensors", "base/model.safetensors"])
def test_what_is_half_there_is_not_asked(run: Path, name: str) -> None:
    halve(run / name)
    assert f"{(run / name).parent}' cannot be loaded" in refused("evaluate", run, "--scored")
    assert not (run / "evaluation.json").exists()


def test_a_result_that_is_no_object_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "result.json").write_text("[]")
    said = refused("export", run, "--output", tmp_path / "judge")
    assert said == f"error: {run / 'result.json'}: has no 'lower_updates'; is it damaged?"


def test_a_path_below_a_file_is_refused(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    data = ("--data", tmp_path / "data")
    assert str(file) in refused("export", run, "--output", file / "judge")
    assert str(file) in refused("train", "cpu/dpo-none", *data, "--output", file / "run")
    assert file.read_text() == "kept"
