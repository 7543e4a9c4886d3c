"""How the four hypergradients compare on a tiny judge."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import Event, LowerUpdate  # noqa: E402
from bestofn_training.hypergradients import Hypergradient  # noqa: E402
from bestofn_training.models import Judge  # noqa: E402

from .runs import SAMPLES, engine, judge, judged, learned  # noqa: E402


class Recording(torch.optim.Adam):
    """An upper optimizer that stands still and keeps the gradient it is given."""

    seen: torch.Tensor

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        found = [p.grad for group in self.param_groups for p in group["params"]]
        self.seen = torch.cat([torch.zeros(1) if g is None else g.reshape(-1) for g in found])


def hypergradient_of(
    kind: str, name: Hypergradient, *, warm: int = 2, lower: int = 16, **options: Any
) -> torch.Tensor:
    """The gradient that the first upper update sees after ``warm`` updates of the lower level."""
    run = engine(kind, name, iterations=(warm + 1) * lower, lower=lower, upper=1, **options)
    run.upper.optimizer = Recording(run.upper.trainable_parameters())
    run.run()
    return run.upper.optimizer.seen


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=0))


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("kind", ["table", "domain", "net"])
def test_closed_points_where_the_exact_one_points(kind: str, clip: float | None) -> None:
    found = hypergradient_of(kind, "closed", clip=clip, rate=1e-4)
    exact = hypergradient_of(kind, "exact", clip=clip, rate=1e-4)
    assert cosine(found, exact) >= 0.999
    torch.testing.assert_close(found, exact, rtol=2e-2, atol=1e-3 * float(exact.abs().max()))
    if kind == "table":
        assert int((found != 0).sum()) == SAMPLES  # all 16 micro-batches, not the last alone


def test_closed_keeps_its_direction_in_bfloat16() -> None:
    def subject(compute: torch.dtype) -> Judge:
        return judge(attention="eager", compute=compute)

    # Before Adam's moments have filled, bfloat16 leaves no direction to compare.
    half, exact = (
        hypergradient_of("table", name, of=subject(torch.bfloat16), rate=1e-4, warm=10)
        for name in ("closed", "exact")
    )
    assert cosine(half, exact) >= 0.99
    assert int((half != 0).sum()) == SAMPLES


def test_darts_sees_the_last_micro_batch_only() -> None:
    found = hypergradient_of("table", "darts", rate=1e-4)
    assert int((found != 0).sum()) == 1


@pytest.mark.parametrize("name", ["closed", "exact", "darts", "sama"])
def test_the_upper_level_leaves_the_judge_as_it_was(name: Hypergradient) -> None:
    run = engine("table", name, iterations=4, lower=4)
    moved: list[torch.Tensor] = []

    def look(event: Event) -> None:
        if isinstance(event, LowerUpdate):
            moved.append(judged(run).clone())

    run.callbacks = (look,)
    run.run()
    assert torch.equal(judged(run), moved[-1])


@pytest.mark.parametrize("name", ["closed", "exact", "darts", "sama"])
@pytest.mark.parametrize("kind", ["domain", "table", "net"])
def test_every_hypergradient_moves_every_weighting(kind: str, name: Hypergradient) -> None:
    run = engine(kind, name)
    before, start = learned(run).clone(), judged(run).clone()
    run.run()
    assert run.upper.weighting.moved().largest > 0
    assert not torch.equal(learned(run), before)
    assert not torch.equal(judged(run), start)
    assert bool(torch.isfinite(judged(run)).all())
