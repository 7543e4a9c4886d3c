"""Weightings: where they start, what they return, where they are cut."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from bestofn_training.weights import (  # noqa: E402
    Bounds,
    DomainTable,
    InstanceNet,
    InstanceTable,
    NoWeights,
    Weighting,
)

INDEX, DOMAIN = torch.tensor([4, 0]), torch.tensor([1, 1])
LOSS = torch.tensor([0.3, 0.9])


def test_none_is_one_for_all_and_learns_nothing() -> None:
    weighting = NoWeights()
    assert weighting(INDEX, DOMAIN, LOSS).tolist() == [1.0, 1.0]
    assert list(weighting.parameters()) == []
    assert weighting.moved().largest == 0.0


def test_domain_table_starts_at_one_over_k() -> None:
    weighting = DomainTable(["easy", "medium", "hard", "random"])
    assert weighting(INDEX, DOMAIN, LOSS).tolist() == [0.25, 0.25]
    weighting(INDEX, DOMAIN, LOSS).sum().backward()
    assert weighting.table.grad is not None
    assert weighting.table.grad.tolist() == [0.0, 2.0, 0.0, 0.0]
    assert weighting.by_domain


def test_instance_table_starts_at_one() -> None:
    weighting = InstanceTable(5)
    weighting(INDEX, DOMAIN, LOSS).sum().backward()
    assert weighting.table.tolist() == [1.0] * 5
    assert weighting.table.grad is not None
    assert weighting.table.grad.tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]
    assert not weighting.by_domain


def test_weights_are_cut_when_told() -> None:
    weighting = InstanceTable(3, bounds=Bounds(low=0.0, high=2.0))
    weighting.table.data = torch.tensor([-1.0, 1.5, 7.0])
    weighting.project()
    assert weighting.table.tolist() == [0.0, 1.5, 2.0]
    free = InstanceTable(1, bounds=Bounds(low=None))
    free.table.data = torch.tensor([-1.0])
    free.project()
    assert free.table.tolist() == [-1.0]
    with pytest.raises(ValueError, match="low"):
        Bounds(low=1.0, high=1.0)


def test_normalised_tables() -> None:
    share = DomainTable(["a", "b"], normalise="sum")
    share.table.data = torch.tensor([1.0, 3.0])
    assert share(INDEX, torch.tensor([0, 1]), LOSS).tolist() == [0.25, 0.75]
    # More for one is less for the others: the gradient of the sum over all is zero.
    share.weights().sum().backward()
    assert share.table.grad is not None
    assert share.table.grad.abs().max() < 1e-7
    mean = InstanceTable(2, normalise="mean")
    mean.table.data = torch.tensor([1.0, 3.0])
    assert mean.weights().tolist() == [0.5, 1.5]
    empty = InstanceTable(2, normalise="sum")
    empty.table.data.zero_()
    assert bool(torch.isfinite(empty.weights()).all())


def test_net_reads_the_loss_and_stays_between_its_bounds() -> None:
    torch.manual_seed(0)
    weighting = InstanceNet(top=2.0)
    losses = torch.linspace(-50, 50, 101)
    nothing = torch.zeros(101, dtype=torch.long)
    weights = weighting(nothing, nothing, losses)
    assert weights.shape == (101,)
    assert bool(((weights >= 0) & (weights <= 2)).all())
    assert float(weights.detach().std()) > 0
    sizes = [tuple(p.shape) for p in weighting.parameters()]
    assert sizes == [(10, 1), (10,), (10, 10), (10,), (1, 10), (1,)]


def test_net_sends_no_gradient_into_the_judge() -> None:
    loss = torch.tensor([0.3, 0.9], requires_grad=True)
    InstanceNet()(INDEX, DOMAIN, loss).sum().backward()
    assert loss.grad is None


@pytest.mark.parametrize(
    "make", [lambda: DomainTable(["a", "b"]), lambda: InstanceTable(5), InstanceNet]
)
def test_a_saved_state_knows_how_far_it_moved(make: object) -> None:
    torch.manual_seed(0)
    assert callable(make)
    weighting = make()
    assert isinstance(weighting, Weighting)
    assert weighting.moved().share == 0.0
    first = next(iter(weighting.parameters()))
    first.data.view(-1)[0] += 0.5
    torch.manual_seed(1)
    other = make()
    assert isinstance(other, Weighting)
    other.load_state_dict(weighting.state_dict())
    assert other.moved() == weighting.moved()
    assert other.moved().largest == pytest.approx(0.5)
    now, then = other.snapshot(), weighting.snapshot()
    assert now.keys() == then.keys()
    assert all(torch.equal(now[key], then[key]) for key in now)


def test_unusable_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        DomainTable(["a", "a"])
    with pytest.raises(ValueError, match="at least one"):
        InstanceTable(0)
    with pytest.raises(ValueError, match="above 0"):
        InstanceNet(scale=0.0)
