"""Recipes and the look at their data: nothing here needs torch."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bestofn_training.cli import app
from bestofn_training.errors import BadData, BadRecipe, BadRow
from bestofn_training.recipes import (
    Recipe,
    as_record,
    check_files,
    parse_recipe,
    read_recipe,
)
from bestofn_training.recipes.base import Part
from pydantic import BaseModel
from typer.testing import CliRunner

from bestofn.errors import FormatError

FOUR = ("none", "domain", "instance-table", "instance-net")
ROWS = [f"{loss}-{weights}" for loss in ("dpo", "kto", "orpo") for weights in FOUR]
ROWS += ["grpo-none", "grpo-domain"]
ALL = [*ROWS, *(f"cpu/{row}" for row in ROWS)]

SMALL = {"loss": {"kind": "dpo"}, "weights": {"kind": "domain"}, "upper": {}}


def changed(*changes: str) -> Recipe:
    return parse_recipe(SMALL, changes)


def test_there_is_one_recipe_for_each_row_of_table_4_and_a_twin(recipes):
    assert sorted(path.stem for path in recipes.glob("*.toml")) == sorted(ROWS)
    assert sorted(path.stem for path in (recipes / "cpu").glob("*.toml")) == sorted(ROWS)


@pytest.mark.parametrize("name", ALL)
def test_every_recipe_loads_is_what_its_name_says_and_spells_every_key_out(recipes, name):
    path = recipes / f"{name}.toml"
    recipe = read_recipe(path)
    loss, _, weights = path.stem.partition("-")
    assert (recipe.loss.kind, recipe.weights.kind) == (loss, weights)
    assert keys(tomllib.loads(path.read_text())) == keys(as_record(recipe))
    assert parse_recipe(as_record(recipe)) == recipe
    assert all(len(line) <= 100 for line in path.read_text().splitlines())


def keys(data: dict, prefix: str = "") -> set[str]:
    found = set()
    for key, value in data.items():
        found.add(prefix + key)
        if isinstance(value, dict):
            found |= keys(value, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("name", ROWS)
def test_the_settings_of_appendix_b(recipes, name):
    recipe = read_recipe(recipes / f"{name}.toml")
    lower = recipe.lower
    assert (lower.rate, lower.batch, lower.accumulation, lower.weight_decay) == (1e-6, 1, 16, 0)
    assert (recipe.lora.rank, recipe.lora.alpha, recipe.lora.dropout) == (32, 64, 0)
    assert recipe.lora.targets == (
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    )  # fmt: skip
    assert (recipe.model.dtype, recipe.model.compute) == ("bfloat16", "bfloat16")
    assert (recipe.schedule.iterations, recipe.schedule.unit) == (20_000, "micro")
    assert (recipe.micro_steps, recipe.lower_updates) == (20_000, 1_250)
    if recipe.loss.kind == "grpo":
        assert recipe.loss.group == 16
        assert recipe.model.name == "Qwen/Qwen3-1.7B"
    else:
        assert recipe.loss.beta == 0.1
        assert recipe.model.name == "Qwen/Qwen2.5-Coder-14B-Instruct"
    if recipe.weights.kind == "none":
        assert recipe.upper is None
        return
    upper = recipe.upper
    assert (upper.rate, upper.batch, upper.accumulation, upper.weight_decay) == (1e-4, 1, 8, 0)
    assert upper.hypergradient == "closed"
    assert upper.after == 10  # in bfloat16 earlier hypergradients are noise
    assert recipe.upper_updates == 155
    assert recipe.reach == pytest.approx(0.0155)
    if recipe.weights.kind == "instance-net":
        assert recipe.weights.hidden == 10


def test_the_reading_in_which_weights_move(recipes):
    recipe = read_recipe(recipes / "dpo-domain.toml", ["schedule.unit=update"])
    assert (recipe.micro_steps, recipe.upper_updates) == (320_000, 2_498)
    assert recipe.reach == pytest.approx(0.25, rel=1e-2)


def test_defaults_are_the_papers_settings(recipes):
    written = read_recipe(recipes / "dpo-domain.toml")
    short = changed("model.name=Qwen/Qwen2.5-Coder-14B-Instruct")
    assert short == written


def all_parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [model, *(part for inner in model.__subclasses__() for part in all_parts(inner))]


def test_no_part_takes_unknown_keys():
    for part in all_parts(Part):
        assert part.model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("lower.rat=1e-5", r"recipe: lower\.rat: is not a key of a recipe; did you mean 'rate'\?"),
        ("loss.betta=0.1", r"loss\.betta: is not a key of a recipe; did you mean 'beta'\?"),
        ("loss.group=4", r"loss\.group: is not a key of a recipe; known here: kind, beta"),
        ("weights.top=1.0", r"weights\.top: is not a key"),
        ("upper.sampels=3", r"upper\.sampels: is not a key of a recipe; known here: rate, "),
        ("lowr.rate=1e-5", r"lowr: is not a key of a recipe; did you mean 'lower'\?"),
        ("lower.rate=0", r"lower\.rate: input should be greater than 0"),
        ("lower.rate=fast", r"lower\.rate: input should be a valid number"),
        ("lower.accumulation=2.5", r"lower\.accumulation: input should be a valid integer"),
        ("lower.accumulation=true", r"lower\.accumulation: input should be a valid integer"),
        ("lower.rate=nan", r"lower\.rate: input should be"),
        ("loss.kind=ppo", r"loss\.kind: must be one of: .*'grpo'"),
        ("weights.kind=none", r"upper: without weights there is no upper level"),
        ("weights.high=0.0", r"weights: low must be below high"),
        ("data.upper=", r"data\.upper: weights are learned on it"),
        ("upper.hypergradient=exact", r"model\.attention: the exact hypergradient needs eager"),
        ("upper.hypergradient=magic", r"upper\.hypergradient: input should be 'closed', "),
        ("schedule.unit=epoch", r"schedule\.unit: input should be 'micro' or 'update'"),
        ("lora.targets=[]", r"lora\.targets: "),
        ("rate", r"--set: 'rate' must look like lower\.rate=1e-5"),
        ("seed.x=1", r"recipe: seed: input should be a valid integer"),
        ("loss.kind.x=1", r"--set: 'loss\.kind\.x=1': kind is no section"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(BadRecipe, match=message):
        changed(change)


def test_the_best_reward_is_for_right_verdicts():
    data = {"loss": {"kind": "grpo", "wrong": 1.0}, "weights": {"kind": "none"}}
    with pytest.raises(BadRecipe, match="right must be worth more than wrong"):
        parse_recipe(data)
    with pytest.raises(BadRecipe, match="recipe: weights: is missing"):
        parse_recipe({"loss": {"kind": "sft"}})


def test_a_file_that_is_no_recipe(tmp_path):
    with pytest.raises(BadRecipe, match=r"none\.toml: there is no such file, and no recipe of"):
        read_recipe(tmp_path / "none.toml")
    path = tmp_path / "broken.toml"
    path.write_text("seed = \n")
    with pytest.raises(BadRecipe, match=r"broken\.toml: is not TOML: .*line 1"):
        read_recipe(path)


def test_values_of_set_are_toml_or_text():
    recipe = changed("model.name=a b#c", 'data.folder="x y"', "data.domains=['a', 'b']", "seed=3")
    assert recipe.model.name == "a b#c"
    assert recipe.data.folder == "x y"
    assert recipe.data.domains == ("a", "b")
    assert recipe.seed == 3


def test_the_data_are_counted(rows_in, tmp_path):
    reports = check_files(changed(f"data.folder={rows_in(tmp_path)}"))
    assert reports["lower"].rows == 12
    assert reports["lower"].problems == 6
    assert reports["lower"].domains == {"easy": 4, "hard": 4, "medium": 4}
    assert reports["upper"].rows == 4
    record = {"loss": {"kind": "kto"}, "weights": {"kind": "none"}}
    data = {"folder": str(tmp_path), "lower": "lower.kto.jsonl"}
    reports = check_files(parse_recipe({**record, "data": data}))
    assert list(reports) == ["lower"]
    assert reports["lower"].right == (6, 6)


def append(path: Path, **changes: object) -> None:
    first = json.loads(path.read_text().splitlines()[0])
    with path.open("a") as file:
        file.write(json.dumps({**first, **changes}) + "\n")


def test_bad_data_are_refused_with_row_and_reason(rows_in, tmp_path):
    def check(*changes: str) -> None:
        check_files(changed(f"data.folder={tmp_path}", *changes))

    rows_in(tmp_path)
    append(tmp_path / "upper.preferences.jsonl", id="new", problem_id="p3")
    shared = r"upper\.preferences\.jsonl:5: field 'problem_id': 'p3' is also in lower"
    with pytest.raises(BadRow, match=shared):
        check()
    rows_in(tmp_path)
    append(tmp_path / "lower.preferences.jsonl", id="new", problem_id="p8")
    with pytest.raises(BadRow, match=r":13: .*'p8' is held out \(held_out\.jsonl, row 1\)"):
        check("data.held_out=held_out.jsonl")
    check()
    rows_in(tmp_path)
    append(tmp_path / "lower.preferences.jsonl")
    with pytest.raises(BadRow, match=r":13: field 'id': .* also in row 1"):
        check()
    rows_in(tmp_path)
    empty = [{"role": "assistant", "content": " "}]
    append(tmp_path / "lower.preferences.jsonl", id="new", rejected=empty)
    with pytest.raises(BadRow, match=r":13: field 'rejected': is an empty reply"):
        check()
    rows_in(tmp_path)
    with pytest.raises(BadData, match=r"lower: has no samples of the domain\(s\) 'expert'"):
        check("data.domains=['easy', 'medium', 'hard', 'expert']")
    with pytest.raises(BadRow, match=r"'domain': 'hard' is not one of: easy, medium"):
        check("data.domains=['easy', 'medium']")
    with pytest.raises(FormatError, match=r"none\.jsonl"):
        check("data.lower=none.jsonl")
    with pytest.raises(BadRow, match=r"field 'chosen': is missing; is this the right kind"):
        check("data.lower=lower.kto.jsonl")


def test_kto_needs_replies_of_both_kinds(rows_in, tmp_path):
    path = rows_in(tmp_path) / "lower.kto.jsonl"
    path.write_text(path.read_text().replace('"label": false', '"label": true'))
    data = {"folder": str(tmp_path), "lower": path.name, "upper": "upper.kto.jsonl"}
    with pytest.raises(BadData, match=r"lower: .*lower\.kto\.jsonl has no wrong reply"):
        check_files(parse_recipe({**SMALL, "loss": {"kind": "kto"}, "data": data}))


def call(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    assert result.exit_code == code, result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout, result.stderr


@pytest.mark.parametrize("name", ROWS)
def test_a_dry_run_of_every_twin(recipes, rows_in, tmp_path, name):
    recipe = recipes / "cpu" / f"{name}.toml"
    out, _ = call(recipe, "--data", rows_in(tmp_path), "--dry-run", "--json")
    found = json.loads(out)
    assert found["files"]["lower"]["rows"] == 12
    assert found["plan"]["lower_updates"] == 6
    assert found["plan"]["upper_updates"] == (0 if name.endswith("none") else 3)
    assert list(tmp_path.glob("runs")) == []


def test_a_dry_run_says_how_far_weights_can_move(recipes, rows_in, tmp_path):
    rows_in(tmp_path)
    recipe = recipes / "dpo-domain.toml"
    arguments = (recipe, "--data", tmp_path, "--model", "tiny", "--dry-run")
    out, _ = call(*arguments)
    assert "20,000 micro-steps, 1,250 updates of the judge, 155 of the weights" in out
    assert "a weight can move by about 0.015 from where it starts" in out
    assert "this hardly reweights" in out
    out, _ = call(*arguments, "--set", "schedule.unit=update")
    assert "by about 0.25" in out
    assert "hardly" not in out


def test_errors_are_one_line_and_code_2(recipes, rows_in, tmp_path):
    recipe = recipes / "cpu" / "dpo-none.toml"
    _, error = call(recipe, "--set", "lower.rat=1", "--dry-run", code=2)
    assert error.startswith(f"error: {recipe}: lower.rat: is not a key")
    _, error = call(recipe, "--data", tmp_path / "nowhere", "--dry-run", code=2)
    assert "lower.preferences.jsonl" in error


def test_training_without_torch_says_what_to_install(recipes, rows_in, tmp_path):
    code = (
        "import sys\nsys.modules['torch'] = None\nfrom bestofn_training.cli import main\nmain()\n"
    )
    recipe = recipes / "cpu" / "dpo-none.toml"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", recipe, "--data", rows_in(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 6
    assert "run: pip install 'bestofn-training[train]'" in done.stderr
    assert not (tmp_path / "runs").exists()
