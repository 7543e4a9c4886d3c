"""The command, alone and under torchrun, and what can be watched of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.cli import app  # noqa: E402
from bestofn_training.errors import MissingPackage  # noqa: E402
from bestofn_training.trainer import Trained, train  # noqa: E402
from bestofn_training.trainer.watching import Bar, TensorBoard, Wandb  # noqa: E402
from rich.console import Console  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from .runs import Twin, adapter, lines  # noqa: E402


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


def test_wandb_is_asked_for_by_name(tmp_path: Path, twin: Twin) -> None:
    if find_spec("wandb") is not None:
        pytest.skip("wandb is installed, and would ask for an account")
    with pytest.raises(MissingPackage, match=r"output\.wandb = 'judge'"):
        Wandb("judge", tmp_path, twin())
    if find_spec("tensorboard") is None:
        with pytest.raises(MissingPackage, match=r"output\.tensorboard = true"):
            TensorBoard(tmp_path)
