"""Checkpoints, records, and runs that go on as if nothing had happened."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import (  # noqa: E402
    Checkpoints,
    JudgeEngine,
    LowerUpdate,
    MicroStep,
    Records,
    UpperUpdate,
    WeightHistory,
)
from bestofn_training.errors import BadInput, CheckpointError  # noqa: E402
from bestofn_training.hypergradients import Hypergradient  # noqa: E402

from .runs import Watch, engine, judged, learned, weighting  # noqa: E402


@pytest.mark.parametrize("name", ["closed", "darts", "sama", "exact"])
@pytest.mark.parametrize("stop", [1, 5, 8, 11, 12])
def test_resume_is_exact_at_any_micro_step(tmp_path: Path, stop: int, name: Hypergradient) -> None:
    kind = "net" if stop % 2 else "table"
    whole_watch, first_watch, second_watch = Watch(), Watch(), Watch()
    whole = engine(kind, name, callbacks=[whole_watch])
    whole.run()
    first = engine(kind, name, callbacks=[first_watch], checkpoints=Checkpoints(tmp_path))
    first.run(until=stop)
    first.save()
    torch.rand(7)  # whatever else happens in a process
    second = engine(kind, name, callbacks=[second_watch], checkpoints=Checkpoints(tmp_path))
    assert second.resume()
    second.run()
    assert torch.equal(judged(whole), judged(second))
    assert torch.equal(learned(whole), learned(second))
    for kind_of_event in (MicroStep, LowerUpdate, UpperUpdate):
        together = first_watch.of(kind_of_event) + second_watch.of(kind_of_event)
        assert together == whole_watch.of(kind_of_event)


def test_resume_without_an_upper_level_and_by_domain(tmp_path: Path) -> None:
    for kind in ("none", "domain"):
        whole = engine(kind)
        whole.run()
        first = engine(kind, checkpoints=Checkpoints(tmp_path / kind, every=3, keep=1))
        first.run(until=10)
        assert [p.name for p in first.checkpoints.all()] == ["step-00000009"]
        second = engine(kind, checkpoints=Checkpoints(tmp_path / kind))
        assert second.resume()
        assert second.global_step == 9
        second.run()
        assert torch.equal(judged(whole), judged(second))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    run = engine(checkpoints=Checkpoints(tmp_path))
    assert not run.resume()
    run.run(until=3)
    path = run.save()
    with pytest.raises(CheckpointError, match="lower_accumulation was 4, is 2"):
        engine(lower=2, checkpoints=Checkpoints(tmp_path)).resume()
    file = path / "rank-0.pt"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        engine(checkpoints=Checkpoints(tmp_path)).resume()
    with pytest.raises(CheckpointError, match="is it a checkpoint"):
        engine().resume(tmp_path)
    with pytest.raises(BadInput, match="are off"):
        engine().save()


def test_records_tell_one_story_across_a_kill(tmp_path: Path) -> None:
    def made(folder: Path) -> JudgeEngine:
        alpha = weighting("domain")
        return engine(
            weights=alpha,
            iterations=24,
            checkpoints=Checkpoints(folder / "checkpoints", every=8),
            callbacks=[
                Records(folder / "metrics.jsonl"),
                WeightHistory(folder / "weights.jsonl", alpha),
            ],
        )

    made(tmp_path / "whole").run()
    made(tmp_path / "cut").run(until=20)  # the last checkpoint is at 16
    with (tmp_path / "cut" / "metrics.jsonl").open("a") as file:
        file.write('{"event": "lower_upd')  # killed in the middle of a line
    second = made(tmp_path / "cut")
    assert second.resume()
    second.run()
    for name in ("metrics.jsonl", "weights.jsonl"):
        whole, cut = ((tmp_path / f / name).read_text() for f in ("whole", "cut"))
        assert whole == cut
    rows = [json.loads(line) for line in whole.splitlines()]
    assert [row["update"] for row in rows] == [1, 2, 3]
    assert len(rows[0]["weights"]) == 3


@pytest.mark.parametrize("name", ["closed", "exact"])
def test_a_checkpoint_holds_micro_batches_of_an_open_update_only(name: Hypergradient) -> None:
    run = engine("table", name, iterations=16, lower=4, upper=2)
    for step in range(1, 9):
        run.run(until=step)
        state = run.state_dict()["problems"]["lower"]
        open_ones = step % 4
        assert len(state["kept"]["gradients"]) == (open_ones if name == "closed" else 0)
        assert len(state["kept"]["index"]) == (open_ones if name == "closed" else 0)
        assert len(state["batches"]) == (open_ones if name == "exact" else 0)
        assert state["samples"] == len(state["window"]) == open_ones


@pytest.mark.parametrize("name", ["closed", "exact"])
@pytest.mark.parametrize("kind", ["table", "domain"])
def test_a_state_is_a_copy_that_later_updates_do_not_touch(kind: str, name: Hypergradient) -> None:
    run = engine(kind, name, iterations=16, lower=4, upper=2)
    run.run(until=11)
    state = run.state_dict()
    before = copy.deepcopy(state)
    run.run()
    same = zip(leaves(state), leaves(before), strict=True)
    assert all(torch.equal(a, b) if torch.is_tensor(a) else a == b for a, b in same)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value
