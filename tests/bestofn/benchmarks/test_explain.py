"""Reasons in words."""

from __future__ import annotations

from bestofn.benchmarks.explain import copies, telling_split, why
from bestofn.types import Candidate, Cluster, Ranking, Rejection, Selection, Split

BEST = Candidate(id="a", code="1")


def selection(ranking: Ranking, *rejected: Rejection, abstained: str | None = None) -> Selection:
    return Selection(best=BEST, ranking=ranking, rejected=rejected, abstained=abstained)


def copy_of(name: str, original: str) -> Rejection:
    return Rejection(id=name, by="duplicates", reason="a copy", same_as=original)


def failing(name: str) -> Rejection:
    return Rejection(id=name, by="public_tests", reason="fails")


def test_the_group_and_the_input_that_told_it_apart() -> None:
    found = selection(
        Ranking(
            order=("a", "b", "c"),
            scores={},
            clusters=(
                Cluster(members=("a", "b"), weight=3, score=2),
                Cluster(members=("c",), weight=1, score=1),
            ),
            splits=(
                Split(input="x", origin="random", answers=(("1", ("a", "b", "c")),)),
                Split(input="5\n6", origin="stress", answers=(("11", ("a", "b")), ("10", ("c",)))),
            ),
        ),
        failing("d"),
        copy_of("e", "a"),
    )
    split = telling_split(found)
    assert split is not None
    assert split.origin == "stress"
    assert why(found) == (
        "public tests drop 1; 3 of 4 behave like it, in 2 groups; "
        "on stress input '5 ⏎ 6' it gives '11', 1 other '10'"
    )
    assert copies(found) == {"a": 2, "b": 1, "c": 1}


def test_other_reasons() -> None:
    only = Ranking(order=("a",), scores={})
    assert "same program" in why(selection(only, copy_of("b", "a")))
    assert "only program that public tests leave" in why(selection(only, failing("b")))
    assert why(selection(only)) == "nothing to compare"
    alike = Ranking(
        order=("a", "b"), scores={}, clusters=(Cluster(members=("a", "b"), weight=2, score=1),)
    )
    text = why(selection(alike, abstained="no input tells them apart"))
    assert text == "all 2 left behave alike; undecided: no input tells them apart"
