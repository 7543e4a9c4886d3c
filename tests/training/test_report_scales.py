"""Axes, ticks, thinning and labels: properties that any numbers must keep."""

from __future__ import annotations

import itertools
import math

import pytest
from bestofn_training.report.scales import (
    Axis,
    percent,
    picked,
    points,
    running_mean,
    short,
    spread,
    thin,
)
from hypothesis import given
from hypothesis import strategies as st

numbers = st.floats(-1e12, 1e12).filter(lambda value: value == 0 or abs(value) > 1e-12)
lists = st.lists(numbers, min_size=1, max_size=40)
line = st.lists(numbers, min_size=1, max_size=300).map(
    lambda values: [(float(place), value) for place, value in enumerate(values)]
)


@given(values=lists, log=st.booleans(), zero=st.booleans(), rounded=st.booleans())
def test_an_axis_holds_all_values_and_its_ticks(
    values: list[float], log: bool, zero: bool, rounded: bool
) -> None:
    axis = Axis.over(values, log=log, zero=zero, rounded=rounded)
    assert axis.low < axis.high
    slack = 1e-6 * (axis.high - axis.low)
    assert axis.low - slack <= min(values)
    assert max(values) <= axis.high + slack
    if zero and not axis.log:
        assert axis.low <= 0 <= axis.high
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert list(axis.ticks) == sorted(set(axis.ticks))
    assert len(axis.ticks) <= 12
    assert len({axis.label(tick) for tick in axis.ticks}) == len(axis.ticks) or (
        max(map(abs, values)) >= 1e5  # labels of four digits cannot always tell those apart
    )
    for value in values:
        assert 10 <= axis.at(value, 10, 20) <= 20
        assert 10 <= axis.at(value, 20, 10) <= 20
    ordered = [axis.at(value, 0, 1) for value in sorted(values)]
    assert ordered == sorted(ordered)


def test_ticks_are_round_and_labelled_alike() -> None:
    axis = Axis.over([0.6927, 0.6939])
    assert [axis.label(tick) for tick in axis.ticks] == ["0.6925", "0.6930", "0.6935", "0.6940"]
    assert Axis.over([0, 10]).ticks == (0, 2.5, 5, 7.5, 10)
    assert [Axis.over([0, 10]).label(tick) for tick in (0, 2.5)] == ["0.0", "2.5"]
    wide = Axis.over([0.002, 30], log=True)
    assert wide.log
    assert wide.ticks == pytest.approx((0.001, 0.01, 0.1, 1, 10, 100))
    assert wide.at(0, 5, 9) == 5
    assert not Axis.over([1, 30], log=True).log
    assert not Axis.over([0, 30_000], log=True).log


@given(line, st.integers(4, 80))
def test_thinning_keeps_ends_extremes_and_order(line: list[tuple[float, float]], most: int) -> None:
    kept = thin(line, most)
    assert len(kept) <= max(most, 4)
    assert set(kept) <= set(line)
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)
    assert (kept[0], kept[-1]) == (line[0], line[-1])
    heights = [y for _, y in line]
    assert min(y for _, y in kept) == min(heights)
    assert max(y for _, y in kept) == max(heights)


@given(st.integers(1, 500), st.integers(2, 30))
def test_rows_are_picked_evenly_with_both_ends(count: int, most: int) -> None:
    places = picked(count, most)
    assert len(places) == min(count, most)
    assert (places[0], places[-1]) == (0, count - 1)
    steps = [after - before for before, after in itertools.pairwise(places)]
    assert not steps or max(steps) - min(steps) <= 1


@given(lists, st.integers(1, 60))
def test_a_running_mean_stays_between_the_extremes(values: list[float], width: int) -> None:
    means = running_mean(values, width)
    assert len(means) == len(values)
    slack = 1e-9 * max(1.0, *(abs(value) for value in values)) * len(values)
    assert min(values) - slack <= min(means)
    assert max(means) <= max(values) + slack
    assert (means[0], means[-1]) == pytest.approx((values[0], values[-1]), abs=slack)


def test_a_running_mean_by_hand() -> None:
    assert running_mean([1, 2, 6, 3], 3) == pytest.approx([1, 3, 11 / 3, 3])


@given(st.lists(st.floats(0, 200), max_size=20), st.floats(1, 30))
def test_labels_do_not_touch_and_keep_their_order(wished: list[float], gap: float) -> None:
    placed = spread(wished, gap, 0, 200)
    assert len(placed) == len(wished)
    assert all(-1e-6 <= place <= 200 + 1e-6 for place in placed)
    room = min(gap, 200 / max(len(wished) - 1, 1))
    ordered = sorted(placed)
    assert all(b - a >= room - 1e-6 for a, b in itertools.pairwise(ordered))
    ranks = sorted(range(len(wished)), key=lambda number: wished[number])
    assert [placed[number] for number in ranks] == sorted(placed)


@given(numbers)
def test_numbers_are_short_and_nearly_themselves(value: float) -> None:
    text = short(value)
    assert len(text) <= 10
    assert "-" not in text
    again = float(text.replace("\u2212", "-").replace(",", ""))
    assert math.isclose(again, value, rel_tol=6e-3)


def test_numbers_as_people_write_them() -> None:
    shown = [short(value) for value in (0, 0.693147, 1250, -0.5, 2.5e-6, 1e6, 31.4159)]
    assert shown == ["0", "0.6931", "1,250", "\u22120.5", "2.5e\u22126", "1e6", "31.42"]
    assert (percent(0.7124), points(0.031), points(-0.02)) == ("71.2", "+3.1", "\u22122.0")
    assert points(-0.0001) == points(0.0001) == "0.0"
