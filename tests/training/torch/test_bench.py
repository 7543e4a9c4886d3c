"""The training benchmarks: their arithmetic against torch's own count, and that they run."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

PERF = Path(__file__).resolve().parents[2] / "perf"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PERF))
    return importlib.import_module("training_parts")


@pytest.fixture
def work(parts: ModuleType) -> ModuleType:
    return importlib.import_module("training_work")


def counted(judge: Any, batch: Any, *, backward: bool) -> int:
    from bestofn_training.models import trainable
    from torch.utils.flop_counter import FlopCounterMode

    sequences = batch["input_ids"], batch["attention_mask"], batch["completion_mask"]
    with FlopCounterMode(display=False) as counter:
        scored = judge.log_probs(*sequences)
        if backward:
            torch.autograd.grad(scored.values.sum(), list(trainable(judge.model).values()))
    return counter.get_total_flops()


def test_the_operations_are_those_that_torch_counts(parts: ModuleType, work: ModuleType) -> None:
    # Eager attention computes what the mask hides too, and the output layer is not recomputed.
    asked = work.Work(way="exact", model="small", sequence=96, reply=32, accumulation=1)
    judge = parts.make_judge(asked)
    judge.chunk = 0
    batch = parts.pairs(asked)([0])
    shape = parts.shape_of(judge)
    hidden = 2.0 * shape.layers * shape.heads * shape.head * 96 * (96 - 1)
    forward = 2 * (shape.forward(96, 32) + hidden)
    assert counted(judge, batch, backward=False) == pytest.approx(forward, rel=1e-5)
    both = forward + 2 * (shape.backward(96, 32) + 2 * hidden)
    # The first layer's projections need no gradient of their inputs: a few percent less.
    found = counted(judge, batch, backward=True)
    assert found <= both
    assert found == pytest.approx(both, rel=0.06)


def test_the_published_shape_has_as_many_weights_as_the_model(work: ModuleType) -> None:
    flops = importlib.import_module("training_flops")
    layer = 2048 * (2048 + 1024 + 1024) + 2048 * 2048 + 3 * 2048 * 6144
    adapters = 32 * (2 * (2048 + 2048) + 2 * (2048 + 1024) + 3 * (2048 + 6144))
    shape = flops.Shape(
        linear=28 * layer,
        adapters=28 * adapters,
        vocabulary=151_936,
        width=2048,
        layers=28,
        heads=16,
        head=128,
    )
    # Twice the weights a token, and a little for attention and adapters.
    assert shape.forward(4096, 4096) / 4096 == pytest.approx(2 * 1.72e9, rel=0.2)
    assert flops.peak_of("NVIDIA H100 80GB HBM3") == 989e12
    assert flops.peak_of("NVIDIA H100 PCIe") == 756e12
    assert flops.peak_of("a processor") is None


def ran(script: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PERF / script), "--tiny", "--updates", "1", "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_processors_benchmark_measures_every_way() -> None:
    found = ran("bench_training.py", "--rounds", "1")
    assert list(found) == ["none", "darts", "sama", "closed", "exact"]
    assert all(0 < row["least"] <= row["median"] for row in found.values())
    assert all(row["memory"] > 50 for row in found.values())


def test_the_gpus_benchmark_runs_on_a_processor_when_told_to() -> None:
    found = ran("bench_training_gpu.py", "--ways", "closed", "grpo", "--peak", "1e12")
    assert list(found) == ["closed", "grpo"]
    for row in found.values():
        assert row["tokens_a_second"] > 0
        assert 0 < row["utilisation"] < 1
    assert 0 < found["grpo"]["drawing"] < found["grpo"]["seconds"]
    assert found["grpo"]["drawn_a_second"] > 0
    assert found["closed"]["drawing"] == 0


def test_without_a_gpu_the_benchmark_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    done = subprocess.run(
        [sys.executable, str(PERF / "bench_training_gpu.py"), "--ways", "none"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "none    there is no CUDA device" in done.stdout
