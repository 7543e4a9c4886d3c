"""Splits: every problem on one side, by date, difficulty or chance."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from bestofn_training.data import DifficultySplit, PerBenchmark, RandomSplit, TemporalSplit
from bestofn_training.data.splits import NO_DATE, NO_PASS_RATE, Facts
from bestofn_training.errors import BadData, BadInput
from hypothesis import given
from hypothesis import strategies as st

PROBLEMS = st.lists(
    st.builds(
        Facts,
        id=st.uuids().map(str),
        date=st.none() | st.dates(date(2023, 1, 1), date(2025, 12, 31)),
        pass_rate=st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        usable=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda problem: problem.id,
)


@given(problems=PROBLEMS, seed=st.integers(0, 3))
def test_every_problem_is_on_one_side_or_on_none_with_a_reason(problems, seed):
    for split in (
        TemporalSplit(),
        DifficultySplit(held_out_share=0.3),
        DifficultySplit(among="usable"),
        RandomSplit(),
    ):
        parted = split.part(problems, seed)
        assert set(parted.sides) | set(parted.dropped) == {problem.id for problem in problems}
        assert not set(parted.sides) & set(parted.dropped)
        assert parted == split.part(problems, seed)


@given(problems=PROBLEMS)
def test_dates_decide_and_a_cut_belongs_to_the_later_side(problems):
    parted = TemporalSplit().part(problems, 0)
    for problem in problems:
        if problem.date is None:
            assert parted.dropped[problem.id] == NO_DATE
        elif problem.date < date(2024, 8, 1):
            assert parted.sides[problem.id] == "lower"
        else:
            later = problem.date >= date(2025, 2, 1)
            assert parted.sides[problem.id] == ("held_out" if later else "upper")


@given(problems=PROBLEMS, hardest=st.floats(0.05, 0.95), seed=st.integers(0, 3))
def test_no_lower_problem_is_harder_than_an_upper_one(problems, hardest, seed):
    parted = DifficultySplit(hardest=hardest).part(problems, seed)
    known = [problem for problem in problems if problem.pass_rate is not None]
    sides: dict[str, list[float]] = {"lower": [], "upper": []}
    for problem in known:
        sides[parted.sides[problem.id]].append(problem.pass_rate)
    assert len(sides["upper"]) == (round(hardest * len(known)) or min(1, len(known)))
    if sides["lower"] and sides["upper"]:
        assert max(sides["upper"]) <= min(sides["lower"])
    assert set(parted.dropped.values()) <= {NO_PASS_RATE}


def test_the_hardest_fifth_as_in_the_paper():
    problems = [Facts(id=str(n), pass_rate=n / 10) for n in range(10)]
    sides = DifficultySplit().part(problems, 0).sides
    assert {id for id, side in sides.items() if side == "upper"} == {"0", "1"}
    usable = [Facts(id=str(n), pass_rate=n / 10, usable=n > 0) for n in range(11)]
    sides = DifficultySplit(among="usable").part(usable, 0).sides
    assert {id for id, side in sides.items() if side == "upper"} == {"1", "2"}


def test_held_out_by_name_and_by_share():
    problems = [Facts(id=str(n), pass_rate=0.5) for n in range(20)]
    for make in (DifficultySplit, RandomSplit):
        sides = make(held_out=["3", "4"], held_out_share=0.5).part(problems, 1).sides
        held = {id for id, side in sides.items() if side == "held_out"}
        assert {"3", "4"} < held
        assert len(held) == 2 + 9
        with pytest.raises(BadData, match="no problem 'x'"):
            make(held_out=["x"]).part(problems, 1)


def test_other_seeds_make_other_splits():
    problems = [Facts(id=str(n), pass_rate=0.5) for n in range(40)]
    for split in (RandomSplit(), DifficultySplit()):
        assert len({str(split.part(problems, seed).sides) for seed in range(3)}) == 3


def test_settings_that_make_no_sense_are_refused():
    day = date(2024, 1, 1)
    with pytest.raises(BadInput, match="upper_until"):
        TemporalSplit(lower_until=day, upper_until=day - timedelta(days=1))
    for wrong in (0, 1, -0.1, 2):
        with pytest.raises(BadInput, match="hardest"):
            DifficultySplit(hardest=wrong)
    with pytest.raises(BadInput, match="held_out_share"):
        RandomSplit(held_out_share=1)


def test_each_benchmark_by_its_own_rule():
    dated = [Facts(id="a", benchmark="lcb", date=date(2024, 9, 1))]
    hard = [Facts(id=str(n), benchmark="bcb", pass_rate=n / 10) for n in range(10)]
    split = PerBenchmark(splits={"lcb": TemporalSplit(), "bcb": DifficultySplit()})
    sides = split.part([*dated, *hard], 0).sides
    assert {id for id, side in sides.items() if side == "upper"} == {"a", "0", "1"}
    assert split.record["lcb"]["rule"] == "temporal"
    with pytest.raises(BadInput, match="no rule for 'other'"):
        split.part([Facts(id="b", benchmark="other")], 0)
