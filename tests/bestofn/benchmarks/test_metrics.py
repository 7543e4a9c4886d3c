"""Accuracies and intervals, against numbers by hand and against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.benchmarks import metrics
from bestofn.errors import InvalidInput

FEW = 200
UNITS = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=30)


def test_accuracies_by_hand() -> None:
    verdicts = {"a": True, "b": False, "c": False, "d": True}
    assert metrics.expected_accuracy(verdicts.values()) == 0.5
    assert metrics.surviving_accuracy(verdicts, ["a", "b", "d"]) == pytest.approx(2 / 3)
    assert metrics.oracle(verdicts.values())
    assert not metrics.oracle([False, False])
    with pytest.raises(InvalidInput):
        metrics.expected_accuracy([])


def test_the_interval_of_a_coin() -> None:
    # 100 problems, half right: the resampled mean is Binomial(100, .5) / 100, whose 2.5 and 97.5
    # percentiles are 40 and 60 of 100.
    found = metrics.bootstrap([0.0, 1.0] * 50, seed=3)
    assert found.mean == 0.5
    assert found.low == pytest.approx(0.40, abs=0.011)
    assert found.high == pytest.approx(0.60, abs=0.011)
    assert found.problems == 100


def test_a_certain_result_has_no_width() -> None:
    found = metrics.bootstrap([1.0] * 7, resamples=FEW)
    assert (found.low, found.mean, found.high) == (1.0, 1.0, 1.0)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.0, 1.0, 1.0]
    whole = metrics.bootstrap(values, seed=1, resamples=FEW)
    monkeypatch.setattr(metrics, "_BLOCK", 7)
    assert metrics.bootstrap(values, seed=1, resamples=FEW) == whole


@settings(deadline=None)
@given(values=UNITS, seed=st.integers(0, 5))
def test_an_interval_holds_its_mean_and_repeats(values: list[float], seed: int) -> None:
    found = metrics.bootstrap(values, seed=seed, resamples=FEW)
    assert min(values) <= found.low <= found.high <= max(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found == metrics.bootstrap(values, seed=seed, resamples=FEW)


@settings(deadline=None)
@given(values=UNITS)
def test_a_gain_over_itself_is_nothing(values: list[float]) -> None:
    found = metrics.paired_gain(values, values, resamples=FEW)
    assert (found.low, found.mean, found.high) == (0.0, 0.0, 0.0)


@settings(deadline=None)
@given(values=UNITS, shift=st.floats(-1, 1))
def test_a_constant_gain_is_certain(values: list[float], shift: float) -> None:
    # Paired: however much the problems differ, a constant gain has no spread.
    better = [value + shift for value in values]
    found = metrics.paired_gain(better, values, resamples=FEW)
    assert found.low == pytest.approx(shift)
    assert found.high == pytest.approx(shift)


def test_values_that_are_none() -> None:
    for values in ([], [float("nan")]):
        with pytest.raises(InvalidInput):
            metrics.bootstrap(values)
    with pytest.raises(InvalidInput):
        metrics.paired_gain([1.0], [1.0, 0.0])


def test_pairs_by_hand() -> None:
    assert metrics.is_telling_pair([True, False])
    assert not metrics.is_telling_pair([True, True])
    assert not metrics.is_telling_pair([True, False, False])
    found = metrics.count_pairs([True, True, False, None, None, None])
    assert (found.right, found.wrong, found.undecided, found.total) == (2, 1, 3, 6)
    verdicts = {"a": True, "b": False}
    assert metrics.survivors_decide(verdicts, ["a"]) is True
    assert metrics.survivors_decide(verdicts, ["b"]) is False
    assert metrics.survivors_decide(verdicts, ["a", "b"]) is None


def test_groups_go_from_easy_to_hard() -> None:
    found = metrics.by_group(["hard", "other", "easy", "", "hard"])
    assert list(found) == ["easy", "hard", "other"]
    assert found["hard"] == (0, 4)
    assert metrics.by_group(["", ""]) == {}


@given(decisions=st.lists(st.sampled_from([True, False, None])))
def test_every_pair_is_counted_once(decisions: list[bool | None]) -> None:
    assert metrics.count_pairs(decisions).total == len(decisions)
