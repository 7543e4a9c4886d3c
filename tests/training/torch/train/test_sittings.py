"""One run in several sittings, and other runs in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import Event, UpperUpdate  # noqa: E402
from bestofn_training.errors import BadInput, CheckpointError  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402

from .runs import Twin, adapter, lines  # noqa: E402


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
