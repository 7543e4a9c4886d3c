"""Every CPU twin to its end, and what else recipes can say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import Schedule  # noqa: E402
from bestofn_training.models import Tokenising, TokenSettings, trainable  # noqa: E402
from bestofn_training.recipes import Recipe  # noqa: E402
from bestofn_training.recipes.schema import LowerPart  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402
from bestofn_training.trainer.building import build  # noqa: E402
from bestofn_training.trainer.optimizers import rate_factor  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from .runs import Twin, adapter, lines  # noqa: E402

LOSSES = ("dpo", "kto", "orpo")
FOUR = ("none", "domain", "instance-table", "instance-net")
TWINS = [*(f"{loss}-{w}" for loss in LOSSES for w in FOUR), "grpo-none", "grpo-domain"]


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
