from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from bestofn import Candidate
from bestofn.judges.groups import abstention, best_first, clusters_of, group_equal, telling_inputs
from bestofn.judges.observe import Behaviour, canonical_text, canonical_value
from bestofn.probes import Probe


def test_equal_rows_share_a_group_and_the_unknown_agrees():
    assert group_equal([["a", "b"], ["c", "b"], ["a", None], ["a", "b"]]) == [[0, 2, 3], [1]]
    # What fits several groups is in none of them, and what is not known at all is in no group.
    assert group_equal([["a", "b"], ["a", "c"], ["a", None]]) == [[0], [1], [2]]
    assert group_equal([["a"], ["b"], ["b"], [None], [None]]) == [[0], [1, 2]]
    assert group_equal([[None], [None]]) == []
    # With nothing to compare on, all are alike.
    assert group_equal([[], []]) == [[0, 1]]


rows = st.lists(st.lists(st.sampled_from("ab"), min_size=3, max_size=3), max_size=8)


@given(rows)
def test_groups_are_a_partition_by_equality(keys):
    groups = group_equal(keys)
    assert sorted(row for group in groups for row in group) == list(range(len(keys)))
    for group in groups:
        assert len({tuple(keys[row]) for row in group}) == 1
    assert len({tuple(keys[group[0]]) for group in groups}) == len(groups)


def test_numbers_that_are_equal_have_one_key():
    assert canonical_text(" 1.0  2e0\n\n x \n") == "1 2\n\nx"
    assert canonical_text("0.30000000000000004") == canonical_text("0.3")
    assert canonical_text("Yes") != canonical_text("YES")
    assert canonical_text("nan inf") == "nan inf"
    assert canonical_value([1, True, 1.0]) == canonical_value([True, 1, 1])
    assert canonical_value([1]) != canonical_value((1,))
    assert canonical_value("1") != canonical_value(1)
    assert canonical_value({1: "a", "b": {2, 1}}) == canonical_value({"b": {1, 2}, 1.0: "a"})
    assert canonical_value(10**5000) == canonical_value(10**5000)
    assert canonical_value(10**5000) != canonical_value(10**5000 + 1)


def candidates(count):
    return [Candidate(id=str(number), code="x") for number in range(count)]


def test_ties_are_broken_by_copies_then_by_lot():
    scores = {"0": 1.0, "1": 1.0, "2": 1.0, "3": 2.0}
    weights = [1, 3, 1, 1]
    orders = {best_first(scores, candidates(4), weights, random.Random(seed)) for seed in range(20)}
    assert {order[:2] for order in orders} == {("3", "1")}
    assert len(orders) == 2


def test_why_a_judge_abstains():
    four = candidates(4)
    level = {"0": 1.0, "1": 1.0, "2": 0.0, "3": 0.0}
    order = ("0", "1", "2", "3")
    assert abstention(order, level, four, [[0, 1], [2, 3]], 5) is None
    assert "behave differently" in (abstention(order, level, four, [[0], [1], [2, 3]], 5) or "")
    same = dict.fromkeys(order, 1.0)
    assert "on 5 inputs" in (abstention(order, same, four, [[0, 1, 2, 3]], 5) or "")
    assert "no input" in (abstention(order, same, four, [[0, 1, 2, 3]], 0) or "")
    assert "1 could not be run" in (abstention(order, same, four, [[0, 1, 2]], 5) or "")
    assert "no candidate could be run" in (abstention(order, same, four, [], 5) or "")


def test_clusters_come_best_first():
    scores = {"0": 1.0, "1": 3.0, "2": 2.0}
    clusters = clusters_of(candidates(3), [2, 1, 1], [[0], [1, 2]], scores)
    assert [(c.members, c.weight, c.score) for c in clusters] == [
        (("1", "2"), 2, 3.0),
        (("0",), 2, 1.0),
    ]


def test_the_inputs_that_tell_most_come_first_and_large_ones_last():
    probes = [
        Probe(input="same", origin="random"),
        Probe(input="uneven", origin="random"),
        Probe(input="even", origin="random"),
        Probe(input="even again", origin="random"),
        Probe(input="large", origin="stress"),
    ]

    def row(*keys):
        return tuple(None if key == "?" else Behaviour(key, shown=key) for key in keys)

    found = telling_inputs(
        candidates(4),
        [1, 1, 1, 1],
        probes,
        [
            row("s", "a", "a", "x", "1"),
            row("s", "a", "a", "x", "2"),
            row("s", "a", "b", "y", "3"),
            row("s", "b", "b", "y", "?"),
        ],
    )
    assert [split.input for split in found] == ["even", "uneven", "large"]
    assert found[0].answers == (("a", ("0", "1")), ("b", ("2", "3")))
    assert found[2].answers[0] == ("1", ("0",))
