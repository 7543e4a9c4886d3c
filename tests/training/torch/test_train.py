"""Runs from recipes: every CPU twin to its end, resume, refusals, the command."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import Event, Schedule, UpperUpdate  # noqa: E402
from bestofn_training.cli import app  # noqa: E402
from bestofn_training.errors import (  # noqa: E402
    BadInput,
    BadRow,
    CheckpointError,
    Diverged,
    MissingPackage,
)
from bestofn_training.models import Tokenising, TokenSettings, trainable  # noqa: E402
from bestofn_training.recipes import Recipe, read_recipe  # noqa: E402
from bestofn_training.recipes.schema import LowerPart  # noqa: E402
from bestofn_training.trainer import Trained, train  # noqa: E402
from bestofn_training.trainer.building import build  # noqa: E402
from bestofn_training.trainer.optimizers import rate_factor  # noqa: E402
from bestofn_training.trainer.watching import Bar, TensorBoard, Wandb  # noqa: E402
from peft import PeftModel  # noqa: E402
from rich.console import Console  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

LOSSES = ("dpo", "kto", "orpo")
FOUR = ("none", "domain", "instance-table", "instance-net")
TWINS = [*(f"{loss}-{w}" for loss in LOSSES for w in FOUR), "grpo-none", "grpo-domain"]

Twin = Callable[..., Recipe]


@pytest.fixture
def twin(recipes: Path, rows_in: Callable[[Path], Path], tmp_path: Path) -> Twin:
    """A CPU twin on rows of its own, with changes."""
    folder = rows_in(tmp_path / "data")

    def made(name: str = "dpo-domain", *changes: str) -> Recipe:
        path = recipes / "cpu" / f"{name}.toml"
        return read_recipe(path, [f"data.folder={folder}", "model.device=cpu", *changes])

    return made


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def adapter(result: Trained) -> dict[str, torch.Tensor]:
    return load_file(result.adapter / "adapter_model.safetensors")


@pytest.mark.parametrize("name", TWINS)
def test_every_twin_trains_to_its_end(twin: Twin, tmp_path: Path, name: str) -> None:
    loss, _, weights = name.partition("-")
    result = train(twin(name), tmp_path / "run")
    assert (result.micro_steps, result.lower_updates) == (24, 6)
    metrics = lines(tmp_path / "run" / "metrics.jsonl")
    lower = [row for row in metrics if row["event"] == "lower_update"]
    upper = [row for row in metrics if row["event"] == "upper_update"]
    assert [row["update"] for row in lower] == [1, 2, 3, 4, 5, 6]
    assert all(math.isfinite(row["loss"]) for row in metrics if "loss" in row)
    started = {"dpo": math.log(2), "kto": 0.5}
    if loss in started:
        assert lower[0]["loss"] == pytest.approx(started[loss], rel=0.02)
    saved = adapter(result)
    assert len(saved) == 2 * 7 * 2  # two layers, seven projections, A and B
    learned = any(bool(t.any()) for name, t in saved.items() if "lora_B" in name)
    assert learned == (loss != "grpo")  # a random model never finds the format
    end = json.loads((tmp_path / "run" / "result.json").read_text())
    assert end["domains"] == ["easy", "hard", "medium"]
    assert len(end["samples"]) == 12
    if weights == "none":
        assert result.upper_updates == 0
        assert not upper
        assert not (tmp_path / "run" / "weights.jsonl").exists()
        return
    assert [row["update"] for row in upper] == [1, 2, 3]
    history = lines(tmp_path / "run" / "weights.jsonl")
    assert [row["update"] for row in history] == [1, 2, 3]
    count = {"domain": 3, "instance-table": 12, "instance-net": 41}[weights]
    assert len(history[-1]["weights"]) == count
    assert end["weights"] == history[-1]["weights"]
    assert (result.moved.largest > 0) == (loss != "grpo")


def test_the_adapter_loads_as_peft_users_load_it(twin: Twin, tmp_path: Path) -> None:
    recipe = twin("dpo-none")
    result = train(recipe, tmp_path / "run")
    tokenizer = AutoTokenizer.from_pretrained(result.adapter)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "base")
    loaded = PeftModel.from_pretrained(base, result.adapter, is_trainable=True)
    values = trainable(loaded)
    assert sum(p.numel() for p in values.values()) == sum(
        t.numel() for t in adapter(result).values()
    )
    about = json.loads((result.adapter / "adapter_config.json").read_text())
    assert Path(about["base_model_name_or_path"]).resolve() == (tmp_path / "run" / "base").resolve()
    row = lines(Path(recipe.data.folder) / recipe.data.lower)[0]
    made = Tokenising(tokenizer, TokenSettings(context=4096))
    assert "adds 0?" in tokenizer.decode(made._encode(row["prompt"][0]["content"]))


def test_a_run_in_two_sittings_is_the_same_as_in_one(twin: Twin, tmp_path: Path) -> None:
    whole = train(twin("dpo-instance-table"), tmp_path / "whole")
    half = train(twin("dpo-instance-table", "schedule.iterations=3"), tmp_path / "half")
    assert half.micro_steps == 12
    seen: list[Event] = []
    rest = train(twin("dpo-instance-table"), tmp_path / "half", callbacks=[seen.append])
    assert seen[0].step == 12
    assert rest.moved == whole.moved
    for name in ("metrics.jsonl", "weights.jsonl"):
        assert (tmp_path / "half" / name).read_text() == (tmp_path / "whole" / name).read_text()
    one, two = adapter(whole), adapter(rest)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)
    again = train(twin("dpo-instance-table"), tmp_path / "half")
    assert (again.micro_steps, again.loss) == (24, None)


class Stopped(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_from_its_last_checkpoint(
    twin: Twin, tmp_path: Path
) -> None:
    whole = train(twin("kto-domain"), tmp_path / "whole")

    def stop(event: Event) -> None:
        if isinstance(event, UpperUpdate) and event.update == 3:
            raise Stopped

    for name, changes in (("kept", ()), ("lost", ("output.checkpoint_every=0",))):
        with pytest.raises(Stopped):
            train(twin("kto-domain", *changes), tmp_path / name, callbacks=[stop])
        assert len(lines(tmp_path / name / "metrics.jsonl")) == 9
        result = train(twin("kto-domain", *changes), tmp_path / name)
        assert result.moved == whole.moved
        assert (tmp_path / name / "metrics.jsonl").read_text() == (
            tmp_path / "whole" / "metrics.jsonl"
        ).read_text()


def test_another_run_in_the_same_folder_is_refused(twin: Twin, tmp_path: Path) -> None:
    recipe = twin("dpo-domain", "schedule.iterations=2")
    train(recipe, tmp_path / "run")
    with pytest.raises(BadInput, match=r"recipe\.lower\.rate was 0\.001, is 0\.01; take another"):
        train(twin("dpo-domain", "lower.rate=1e-2"), tmp_path / "run")
    with pytest.raises(BadInput, match=r"schedule\.iterations: .*at micro-step 8 already"):
        train(twin("dpo-domain", "schedule.iterations=1"), tmp_path / "run")
    falling = [
        twin("dpo-domain", f"schedule.iterations={count}", "lower.decay=linear") for count in (2, 3)
    ]
    train(falling[0], tmp_path / "decayed")
    with pytest.raises(BadInput, match=r"recipe\.schedule\.iterations was 2, is 3"):
        train(falling[1], tmp_path / "decayed")
    rows = Path(recipe.data.folder) / recipe.data.lower
    rows.write_text("".join(rows.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(BadInput, match=r"files\.lower was"):
        train(recipe, tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"run\.json cannot be read"):
        train(recipe, tmp_path / "run")


def test_a_loss_that_runs_away_stops_with_the_last_good_checkpoint(
    twin: Twin, tmp_path: Path
) -> None:
    changes = ("lower.max_loss=0.7", "lower.rate=1.0", "output.checkpoint_every=4")
    with pytest.raises(Diverged, match=r"above the limit of 0\.7; the last good .*step-") as found:
        train(twin("dpo-none", *changes), tmp_path / "run")
    assert found.value.checkpoint is not None
    assert found.value.checkpoint.is_dir()
    with pytest.raises(Diverged, match="nothing was kept yet"):
        train(twin("dpo-none", "lower.max_loss=0.1"), tmp_path / "other")


def test_a_model_that_answers_with_nan_stops(twin: Twin, tmp_path: Path) -> None:
    train(twin("dpo-none", "schedule.iterations=1"), tmp_path / "first")
    base = tmp_path / "first" / "base"
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model.model.norm.weight.fill_(math.nan)
    model.save_pretrained(base)
    with pytest.raises((Diverged, BadInput)) as found:
        train(twin("dpo-none", f"model.name={base}", "model.chunk=0"), tmp_path / "run")
    assert isinstance(found.value, Diverged)
    assert "nan" in str(found.value)


def test_what_cannot_be_trained_on_is_refused(twin: Twin, tmp_path: Path) -> None:
    with pytest.raises(BadRow, match=r"lower\.preferences\.jsonl:1: .*context of 16"):
        train(twin("dpo-none", "data.context=16"), tmp_path / "a")
    with pytest.raises(BadInput, match=r"model\.name: '.*nowhere' cannot be loaded"):
        train(twin("dpo-none", f"model.name={tmp_path / 'nowhere'}"), tmp_path / "b")
    with pytest.raises(BadInput, match="no layer called query"):
        train(twin("dpo-none", "lora.targets=['query']"), tmp_path / "c")
    with pytest.raises(BadInput, match=r"model\.device: 'abacus' is no device"):
        train(twin("dpo-none", "model.device=abacus"), tmp_path / "d")
    base = train(twin("dpo-none", "schedule.iterations=1"), tmp_path / "e").folder / "base"
    with pytest.raises(BadInput, match=r"data\.context: is 5000, the model's is 4096"):
        train(twin("dpo-none", f"model.name={base}", "data.context=5000"), tmp_path / "f")


@pytest.mark.parametrize("change", ["tensorboard=true", "wandb=judge"])
def test_loggers_that_are_not_installed_say_how_to_get_them(
    twin: Twin, tmp_path: Path, change: str
) -> None:
    name = change.partition("=")[0]
    if find_spec(name) is not None:
        pytest.skip(f"{name} is installed")
    wanted = rf"needs {name}, which is not installed; run: pip install 'bestofn-training\[{name}\]'"
    with pytest.raises(MissingPackage, match=wanted):
        train(twin("dpo-none", f"output.{change}"), tmp_path / "run")


def test_tensorboard_gets_the_updates(twin: Twin, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    train(twin("dpo-domain", "output.tensorboard=true"), tmp_path / "run")
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


@pytest.mark.parametrize(
    "changes",
    [
        ("model.compute=bfloat16", "model.gradient_checkpointing=true", "model.dtype=bfloat16"),
        ("upper.hypergradient=darts",),
        ("upper.hypergradient=sama", "lower.clip=1.0", "lower.warmup=2", "lower.decay=cosine"),
        ("upper.hypergradient=exact", "model.attention=eager", "lower.weight_decay=0.01"),
        ("loss.kind=sft+dpo", "lower.batch=2", "upper.batch=2", "weights.normalise=mean"),
    ],
)
def test_other_settings_train_too(twin: Twin, tmp_path: Path, changes: tuple[str, ...]) -> None:
    result = train(twin("dpo-domain", "schedule.iterations=2", *changes), tmp_path / "run")
    assert result.lower_updates == 2
    assert result.upper_updates == 1
    assert result.moved.largest > 0


def test_sft_takes_targets(twin: Twin, tmp_path: Path) -> None:
    recipe = twin("orpo-none").model_dump(exclude_none=True)
    recipe["loss"] = {"kind": "sft"}
    recipe["data"]["lower"] = "lower.sft.jsonl"
    result = train(Recipe.model_validate(recipe), tmp_path / "run")
    first, *_, last = lines(tmp_path / "run" / "metrics.jsonl")
    assert result.lower_updates == 6
    assert last["loss"] < first["loss"]


def test_a_recipe_counts_as_the_schedule_does(twin: Twin, tmp_path: Path) -> None:
    for unit in ("micro", "update"):
        changes = ("schedule.iterations=50", f"schedule.unit={unit}", "upper.after=3")
        recipe = twin("dpo-domain", *changes)
        schedule = Schedule(
            iterations=50, unit=unit, lower_accumulation=4, upper_accumulation=2, upper_after=3
        )
        assert recipe.micro_steps == schedule.micro_steps
        assert recipe.lower_updates == schedule.lower_updates
        assert recipe.upper_updates == schedule.upper_updates
        assert recipe.reach == schedule.reach(1e-2)


def test_the_rate_rises_and_falls() -> None:
    assert rate_factor(LowerPart(), 10) is None
    linear = rate_factor(LowerPart(warmup=4, decay="linear"), 10)
    cosine = rate_factor(LowerPart(decay="cosine"), 10)
    assert linear is not None
    assert cosine is not None
    assert [linear(n) for n in (0, 3, 4, 7, 10)] == pytest.approx([0.2, 0.8, 1.0, 0.5, 0.0])
    assert [cosine(n) for n in (0, 5, 10, 11)] == pytest.approx([1.0, 0.5, 0.0, 0.0])


def test_ktos_balance_is_each_sets_own(twin: Twin, tmp_path: Path) -> None:
    recipe = twin("kto-domain")
    train(twin("kto-domain", "schedule.iterations=1"), tmp_path / "run")
    path = Path(recipe.data.folder) / recipe.data.lower
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    parts = build(recipe, str(tmp_path / "run" / "base"), torch.device("cpu"))
    assert parts.upper is not None
    lower: Any = parts.lower.objective
    upper: Any = parts.upper.objective
    assert (lower.desirable_weight, lower.undesirable_weight) == pytest.approx((11 / 12, 11 / 10))
    assert (upper.desirable_weight, upper.undesirable_weight) == (1.0, 1.0)


def call(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_the_command_trains_and_goes_on(recipes: Path, twin: Twin, tmp_path: Path) -> None:
    data, output = twin().data.folder, tmp_path / "run"
    arguments = (recipes / "cpu" / "dpo-domain.toml", "--data", data, "--output", output)
    out, error = call(*arguments, "--set", "schedule.iterations=2")
    assert f"adapter: {output / 'adapter'}" in out.replace("\n", "")
    assert "2 updates of the judge, 1 of the weights, which moved by 0.0" in out
    assert "8 micro-steps, 2 updates of the judge, 1 of the weights" in error
    assert "micro-step 8/8, loss 0.69" in error
    out, error = call(*arguments, "--json")
    assert "goes on after micro-step 8 of 24" in error
    assert json.loads(out)["lower_updates"] == 6
    _, error = call(*arguments)
    assert "all 24 micro-steps are made already" in error
    _, error = call(*arguments, "--set", "lower.rate=1", code=2)
    assert "holds another run" in error
    limit = ("--set", "lower.max_loss=0.1")
    _, error = call(*arguments[:3], "--output", tmp_path / "other", *limit, code=6)
    assert error.splitlines()[-1].startswith("error: stopped at micro-step 1: the loss on samples")


def test_a_bar_shows_losses_and_the_time_left(twin: Twin, tmp_path: Path) -> None:
    recipe = twin("dpo-domain")
    with (tmp_path / "screen").open("w") as file:
        console = Console(file=file, force_terminal=True, width=120)
        with Bar(recipe.micro_steps, console) as bar:
            train(recipe, tmp_path / "run", callbacks=[bar])
    shown = (tmp_path / "screen").read_text()
    assert "24/24" in shown
    assert "meta loss 0.6" in shown


def test_torchrun_with_two_processes(recipes: Path, twin: Twin, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "bestofn_training", "train", str(recipes / "cpu" / "dpo-domain.toml"),
        "--data", twin().data.folder, "--output", str(tmp_path / "two"), "--json",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lower_updates"] == 6
    two = adapter(Trained(**{**json.loads(done.stdout), "adapter": tmp_path / "two" / "adapter"}))
    one = adapter(train(twin("dpo-domain", "lower.batch=2", "upper.batch=2"), tmp_path / "one"))
    assert len(lines(tmp_path / "two" / "metrics.jsonl")) == 9
    for key in one:
        torch.testing.assert_close(one[key], two[key], rtol=1e-3, atol=1e-4)


def test_wandb_is_asked_for_by_name(tmp_path: Path, twin: Twin) -> None:
    if find_spec("wandb") is not None:
        pytest.skip("wandb is installed, and would ask for an account")
    with pytest.raises(MissingPackage, match=r"output\.wandb = 'judge'"):
        Wandb("judge", tmp_path, twin())
    if find_spec("tensorboard") is None:
        with pytest.raises(MissingPackage, match=r"output\.tensorboard = true"):
            TensorBoard(tmp_path)
