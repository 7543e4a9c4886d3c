"""Merging sample files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.base import Item
from bestofn.benchmarks.samples import ProblemWithTests, Sample, SampleSet, labels_for, merge
from bestofn.errors import FormatError, InvalidInput
from bestofn.types import Candidate, Problem, TestCase


def entry(name: str) -> ProblemWithTests:
    return ProblemWithTests(problem=Problem(id=name, statement="do"), hidden_tests=())


def sample_set(label: str, **counts: int) -> SampleSet:
    return SampleSet(
        label=label,
        path=Path(f"{label}.jsonl"),
        samples={
            name: tuple(Sample(code=f"{label} {index}") for index in range(count))
            for name, count in counts.items()
        },
    )


def test_order_and_ids() -> None:
    items, without = merge(
        [entry("a"), entry("b"), entry("c")], [sample_set("x", a=2, c=1), sample_set("y", a=1)]
    )
    assert [item.problem.id for item in items] == ["a", "c"]
    assert [c.id for c in items[0].candidates] == ["x/0", "x/1", "y/0"]
    assert without == ("b",)


@given(n=st.integers(1, 12), seed=st.integers(0, 3))
def test_a_draw_keeps_n_of_them_in_order(n: int, seed: int) -> None:
    both = [sample_set("x", a=5), sample_set("y", a=5)]
    (whole,), _ = merge([entry("a")], both)
    (drawn,), _ = merge([entry("a")], both, n=n, draw="random", seed=seed)
    (again,), _ = merge([entry("a")], both, n=n, draw="random", seed=seed)
    (first,), _ = merge([entry("a")], both, n=n)
    assert drawn == again
    assert len(drawn.candidates) == min(n, 10)
    assert [c for c in whole.candidates if c in drawn.candidates] == list(drawn.candidates)
    assert first.candidates == whole.candidates[:n]


def test_the_draw_differs_by_seed_and_problem() -> None:
    sets = [sample_set("x", a=50, b=50)]
    names = set()
    for seed in (0, 1):
        items, _ = merge([entry("a"), entry("b")], sets, n=5, draw="random", seed=seed)
        names |= {tuple(c.id for c in item.candidates) for item in items}
    assert len(names) == 4


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(FormatError, match=r"x\.jsonl.*1 problem.*'z'"):
        merge([entry("a")], [sample_set("x", a=1, z=1)])
    with pytest.raises(InvalidInput, match="no problem has a sample"):
        merge([entry("a")], [])
    with pytest.raises(InvalidInput, match="n: must be at least 1"):
        merge([entry("a")], [sample_set("x", a=1)], n=0)
    with pytest.raises(InvalidInput, match="limit"):
        merge([entry("a")], [sample_set("x", a=1)], limit=0)


def test_labels() -> None:
    paths = ["o1/Scenario.x_eval_all.json", "o2/Scenario.x_eval_all.json", "a/s.jsonl", "b/s.jsonl"]
    assert labels_for([Path(path) for path in paths]) == ("o1", "o2", "s", "s-2")
    assert labels_for([Path("m/samples.jsonl.gz")]) == ("m",)


def test_items_refuse_what_makes_no_sense() -> None:
    problem = Problem(id="p", statement="do")
    one = Candidate(id="a", code="1")
    with pytest.raises(InvalidInput, match="is empty"):
        Item(problem=problem, candidates=())
    with pytest.raises(InvalidInput, match="same id"):
        Item(problem=problem, candidates=(one, one))
    with pytest.raises(InvalidInput, match="'b'"):
        Item(problem=problem, candidates=(one,), verdicts={"b": True})
    with pytest.raises(InvalidInput, match="entry_point"):
        Item(
            problem=problem,
            candidates=(one,),
            hidden_tests=(TestCase(kind="assertion", input="assert f(1)"),),
        )
