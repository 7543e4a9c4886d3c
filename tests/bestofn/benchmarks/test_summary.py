"""Tables from single results, with numbers by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bestofn.benchmarks.results import Choice, Grades, Group, ProblemResult, Row
from bestofn.benchmarks.summary import summarise


def result(
    name: str,
    verdicts: Mapping[str, bool],
    chosen: str,
    *,
    survivors: tuple[str, ...] | None = None,
    difficulty: str = "",
    public_tests: int = 0,
    abstained: str | None = None,
    fault: str | None = None,
) -> ProblemResult:
    choice = Choice(
        chosen=chosen,
        survivors=survivors or tuple(verdicts),
        abstained=abstained,
        seconds=2.0,
        programs_run=5,
    )
    return ProblemResult(
        id=name,
        difficulty=difficulty,
        public_tests=public_tests,
        grades=Grades(verdicts=verdicts),
        choices={"j": choice},
        fault=fault,
    )


def rows(group: Group) -> dict[str, Row]:
    return {row.selector: row for row in group.rows}


MIXED = (
    result("a", {"x": True, "y": False}, "x", difficulty="easy", public_tests=2, survivors=("x",)),
    result("b", {"x": False, "y": True}, "x", difficulty="easy", public_tests=2),
    result("c", {"x": False, "y": False}, "x", difficulty="hard", abstained="tie"),
    result("d", {"x": True, "y": True}, "y", difficulty="hard"),
)


def test_a_table_by_hand() -> None:
    easy, hard, whole = summarise(MIXED, ["j"])
    assert [g.name for g in (easy, hard, whole)] == ["easy", "hard", "all"]
    found = rows(whole)
    assert list(found) == ["random", "examples only", "j", "oracle"]
    assert found["random"].accuracy.mean == pytest.approx(0.5)  # .5 .5 0 1
    assert found["examples only"].accuracy.mean == pytest.approx(0.625)  # 1 .5 0 1
    assert found["j"].accuracy.mean == pytest.approx(0.5)  # 1 0 0 1
    assert found["oracle"].accuracy.mean == pytest.approx(0.75)  # 1 1 0 1
    assert found["oracle"].gain is not None
    assert found["oracle"].gain.mean == pytest.approx(0.25)
    assert (found["j"].abstained, found["j"].programs_run, found["j"].seconds) == (1, 20, 2.0)
    assert found["random"].gain is None
    assert found["random"].expected
    assert not found["j"].expected
    assert rows(easy)["random"].accuracy.problems == 2
    assert "examples only" not in rows(hard)


def test_pairs_by_hand() -> None:
    whole = summarise(MIXED, ["j"])[-1]
    judge, examples = whole.pairs["j"], whole.pairs["examples only"]
    assert (judge.right, judge.wrong, judge.undecided) == (1, 1, 0)
    assert (examples.right, examples.wrong, examples.undecided) == (1, 0, 1)


def test_more_than_two_candidates_have_no_pairs() -> None:
    three = result("t", {"x": True, "y": False, "z": False}, "x")
    assert summarise([three], ["j"])[-1].pairs == {}


def test_an_abstention_decides_no_pair() -> None:
    tie = result("t", {"x": True, "y": False}, "x", abstained="tie")
    pairs = summarise([tie], ["j"])[-1].pairs["j"]
    assert (pairs.right, pairs.wrong, pairs.undecided) == (0, 0, 1)


def test_a_fault_counts_for_nobody() -> None:
    broken = result("t", {"x": False, "y": False}, "x", fault="worker gone")
    assert summarise([*MIXED, broken], ["j"]) == summarise(MIXED, ["j"])
    assert summarise([broken], ["j"]) == ()


def test_one_group_is_not_shown_twice() -> None:
    easy = [r for r in MIXED if r.difficulty == "easy"]
    assert [g.name for g in summarise(easy, ["j"])] == ["all"]


def test_a_judge_called_random_has_a_row_of_its_own() -> None:
    renamed = [
        ProblemResult(
            id=r.id,
            difficulty="",
            public_tests=0,
            grades=r.grades,
            choices={"random": r.choices["j"]},
        )
        for r in MIXED
    ]
    names = [row.selector for row in summarise(renamed, ["random"])[-1].rows]
    assert names == ["random", "random judge", "oracle"]
