"""Runs that stop before harm is done."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import DPO, Checkpoints, Objective  # noqa: E402
from bestofn_training.errors import Diverged  # noqa: E402
from bestofn_training.models import Batch, Judge  # noqa: E402

from .runs import engine, judged  # noqa: E402


def test_what_is_not_a_number_stops_before_it_does_harm(tmp_path: Path) -> None:
    def poisoned(after: int) -> Objective:
        calls = iter(range(10_000))

        def loss(subject: Judge, batch: Batch) -> torch.Tensor:
            found = DPO()(subject, batch)
            return found * float("nan") if next(calls) >= after else found

        return loss

    # 2 updates of 4 micro-batches with a meta batch each: the 11th call is micro-step 9.
    run = engine(
        lower=4, upper=2, objective=poisoned(10), checkpoints=Checkpoints(tmp_path, every=4)
    )
    with pytest.raises(Diverged, match=r"micro-step 9: the loss on samples \[\d+\].*nan") as error:
        run.run()
    assert error.value.checkpoint == tmp_path / "step-00000008"
    assert bool(torch.isfinite(judged(run)).all())
    back = engine(lower=4, upper=2, checkpoints=Checkpoints(tmp_path))
    assert back.resume()
    assert torch.equal(judged(back), judged(run))


def test_a_loss_that_runs_away_stops_too() -> None:
    with pytest.raises(Diverged, match=r"above the limit of 0\.001; nothing was kept yet"):
        engine(max_loss=1e-3).run()


def test_an_infinite_gradient_stops_before_the_step() -> None:
    def loss(subject: Judge, batch: Batch) -> torch.Tensor:
        return (DPO()(subject, batch) * 0).sqrt()  # finite, with an infinite slope

    run = engine(objective=loss)
    before = judged(run).clone()
    with pytest.raises(Diverged, match="norm of the gradient"):
        run.run()
    assert torch.equal(judged(run), before)
