"""When both levels move, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import (  # noqa: E402
    JudgeEngine,
    LowerUpdate,
    MicroStep,
    Schedule,
    Stream,
    UpperUpdate,
)
from bestofn_training.errors import BadInput  # noqa: E402
from bestofn_training.models import Batch  # noqa: E402
from bestofn_training.weights import Bounds, InstanceTable  # noqa: E402

from .runs import SAMPLES, Watch, engine, judged, learned  # noqa: E402


def test_a_batch_is_as_good_as_so_many_micro_batches() -> None:
    one = engine(lower=4, upper=1, iterations=4, batch=1)
    four = engine(lower=1, upper=1, iterations=1, batch=4)
    one.run()
    four.run()
    torch.testing.assert_close(judged(one), judged(four), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(learned(one), learned(four), rtol=1e-4, atol=1e-5)


def test_weights_of_one_are_plain_training() -> None:
    plain, weighted = engine("none"), engine("table", upper_rate=0.0)
    plain.run()
    weighted.run()
    torch.testing.assert_close(judged(plain), judged(weighted), rtol=1e-5, atol=1e-7)


def test_accumulation_counts_as_documented() -> None:
    watch = Watch()
    engine(iterations=35, lower=4, upper=2, callbacks=[watch]).run()
    micro, lower, upper = watch.of(MicroStep), watch.of(LowerUpdate), watch.of(UpperUpdate)
    assert [event.step for event in micro] == list(range(1, 36))
    assert [event.step for event in lower] == list(range(4, 36, 4))
    assert [event.step for event in upper] == list(range(8, 36, 8))
    assert lower[0].loss == pytest.approx(sum(e.loss for e in micro[:4]) / 4)
    assert upper[-1].moved.largest > 0
    seen = [place for event in micro[:16] for place in event.index]
    assert sorted(seen) == list(range(16))


def test_the_upper_level_can_wait() -> None:
    watch = Watch()
    run = engine(iterations=32, lower=4, upper=2, after=3, callbacks=[watch])
    run.run()
    assert [event.step for event in watch.of(UpperUpdate)] == [20, 28]
    assert run.schedule.upper_updates == 2


def test_what_an_iteration_is() -> None:
    paper = Schedule()
    assert (paper.micro_steps, paper.lower_updates, paper.upper_updates) == (20_000, 1_250, 156)
    assert paper.reach(1e-4) == pytest.approx(0.0156)
    other = Schedule(unit="update")
    assert (other.micro_steps, other.lower_updates, other.upper_updates) == (320_000, 20_000, 2_500)
    with pytest.raises(ValueError, match="unit"):
        Schedule(unit="epoch")  # type: ignore[arg-type]


def test_adam_moves_a_weight_by_at_most_its_rate() -> None:
    run = engine(iterations=24, upper_rate=1e-2, lower=4, upper=2)
    run.run()
    assert 0 < run.upper.weighting.moved().largest <= run.schedule.reach(1e-2) * 1.01


def test_clipping_and_warm_up() -> None:
    watch = Watch()
    run = engine(clip=1e-3, factor=lambda update: min(1.0, (update + 1) / 4), callbacks=[watch])
    run.run()
    lower = watch.of(LowerUpdate)
    assert [event.rate for event in lower] == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3])
    assert all(event.gradient_norm > 1e-3 for event in lower)


def test_weights_stay_in_their_bounds() -> None:
    bounded = InstanceTable(SAMPLES, bounds=Bounds(low=0.9, high=1.1))
    run = engine(weights=bounded, upper_rate=1.0, lower=2, upper=1)
    run.run()
    low, high = bounded.table.detach().aminmax()
    assert (float(low), float(high)) == pytest.approx((0.9, 1.1))


def test_settings_that_do_not_fit_are_refused() -> None:
    run = engine()
    other = engine(lower=2)
    with pytest.raises(BadInput, match="same"):
        JudgeEngine(run.lower, other.upper)
    with pytest.raises(BadInput, match="upper level"):
        JudgeEngine(run.lower)


def test_streams_of_processes_share_one_order() -> None:
    def fetch(places: Sequence[int]) -> Batch:
        return {"index": torch.tensor(places)}

    alone = Stream(5, fetch, batch=4, seed=3)
    parts = [Stream(5, fetch, batch=2, seed=3, rank=rank, world=2) for rank in range(2)]
    for _ in range(6):
        wanted = next(alone)["index"].tolist()
        assert wanted == [i for part in parts for i in next(part)["index"].tolist()]
    later = Stream(5, fetch, batch=4, seed=3)
    later.position = 6
    assert next(later)["index"].tolist() == next(alone)["index"].tolist()
    first = Stream(5, fetch, batch=5, seed=3)
    epochs = [next(first)["index"].tolist() for _ in range(3)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert epochs[0] != epochs[1]
