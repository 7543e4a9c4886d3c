"""The recipes that come with the package, by name, and what the README says of them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from bestofn_training.cli import app
from bestofn_training.errors import BadRecipe
from bestofn_training.recipes import parse_recipe, read_recipe, recipe_file, shipped_names
from typer.testing import CliRunner

FOUR = ("none", "domain", "instance-table", "instance-net")
ROWS = [f"{loss}-{weights}" for loss in ("dpo", "kto", "orpo") for weights in FOUR]
ROWS += ["grpo-none", "grpo-domain"]
README = Path(__file__).resolve().parents[2] / "training" / "README.md"


@pytest.mark.parametrize("name", ROWS)
def test_a_recipe_is_found_by_its_name(recipes, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for shipped in (name, f"cpu/{name}"):
        assert read_recipe(shipped) == read_recipe(recipes / f"{shipped}.toml")
    (tmp_path / name).mkdir()  # as a run's folder may be called
    assert recipe_file(name) == recipes / f"{name}.toml"


def test_names_that_mean_no_recipe_are_refused_with_those_that_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadRecipe) as refused:
        read_recipe("dpo-domian")
    assert all(name in str(refused.value) for name in ROWS)
    assert shipped_names() == sorted(ROWS) + [f"cpu/{name}" for name in sorted(ROWS)]
    other = '[loss]\nkind = "sft"\n[weights]\nkind = "none"\n'
    (tmp_path / "dpo-domain").write_text(other)  # a file of that name comes first
    assert read_recipe("dpo-domain").loss.kind == "sft"


def test_the_command_takes_names(rows_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = str(rows_in(tmp_path / "data"))
    done = CliRunner().invoke(
        app, ["train", "cpu/dpo-domain", "--data", data, "--dry-run", "--json"]
    )
    assert json.loads(done.stdout)["plan"]["weights"] == "domain"
    failed = CliRunner().invoke(app, ["train", "cpu/dpo-domains", "--dry-run"])
    assert failed.exit_code == 2
    assert failed.stderr.startswith(
        "error: cpu/dpo-domains: there is no such file, and no recipe of that"
    )


def test_the_readme_speaks_of_recipes_that_are_there(recipes):
    text = README.read_text()
    linked = re.findall(r"\(bestofn_training/recipes/shipped/([\w-]+)\.toml\)", text)
    assert sorted(linked) == sorted(ROWS)
    (block,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    assert parse_recipe(tomllib.loads(block)).loss.kind == "sft+dpo"
    changes = re.findall(r"--set ([\w.]+=[\w.-]+)", text)
    for change in (c for c in changes if c != "section.key=value"):
        read_recipe(recipes / "dpo-domain.toml", [change])
