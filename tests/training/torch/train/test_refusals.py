"""What stops a run, and what never starts one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.errors import BadInput, BadRow, Diverged  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from .runs import Twin  # noqa: E402


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


@pytest.mark.parametrize("chunk", [0, 1024])
def test_a_model_that_answers_with_nan_is_refused(twin: Twin, tmp_path: Path, chunk: int) -> None:
    train(twin("dpo-none", "schedule.iterations=1"), tmp_path / "first")
    base = tmp_path / "first" / "base"
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model.model.norm.weight.fill_(math.nan)
    model.save_pretrained(base)
    with pytest.raises(BadInput, match=r"model\.name: its logits are not numbers"):
        train(twin("dpo-none", f"model.name={base}", f"model.chunk={chunk}"), tmp_path / "run")


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


def test_a_start_that_failed_leaves_its_folder_to_the_corrected_one(
    twin: Twin, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(BadRow, match="context of 16"):
        train(twin("dpo-none", "data.context=16"), folder)
    assert train(twin("dpo-none", "schedule.iterations=1"), folder).adapter.is_dir()
    with pytest.raises(BadInput, match=r"holds another run: recipe\.data\.context"):
        train(twin("dpo-none", "data.context=16"), folder)


def test_what_a_loader_says_is_one_line(twin: Twin, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"model\.name: '.*nowhere' cannot be loaded") as found:
        train(twin("dpo-none", f"model.name={tmp_path / 'nowhere'}"), tmp_path / "run")
    assert "\n" not in str(found.value)
