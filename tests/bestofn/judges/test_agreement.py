"""Numbers by hand for the likelihoods, and what must hold for any numbers."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.judges.agreement import (
    FAILED,
    SCATTER,
    failure_evidence,
    size_evidence,
    test_evidence,
)


def test_sizes_by_hand():
    # Two groups of one. Beta(1,1): B(2,2)/B(1,1) = 1/6. One wrong candidate: it opens a group
    # with probability 1.
    assert exp(size_evidence([1, 1], 0)) == pytest.approx(1 / 6)
    # Right group of two, one wrong: B(3,2) = 1/12.
    assert exp(size_evidence([2, 1], 0)) == pytest.approx(1 / 12)
    # Right group of one, two wrong that agree: B(2,3) = 1/12, and the second wrong one joins
    # the first with probability 1 / (SCATTER + 1).
    assert exp(size_evidence([2, 1], 1)) == pytest.approx(1 / 12 / (SCATTER + 1))
    # Three wrong ones in two groups of sizes 2 and 1: 1/(S+1) to join, S/(S+2) to open.
    assert exp(size_evidence([1, 2, 1], 0)) == pytest.approx(
        (1 / 20) * (1 / (SCATTER + 1)) * (SCATTER / (SCATTER + 2))
    )


def test_tests_by_hand():
    # Group 0 passes both tests, group 1 none. If 0 is right both tests are valid and the
    # other misses both: 1/2 * 2/3 = 1/3 under a uniform rate.
    passes = [[True, True], [False, False]]
    assert exp(test_evidence(passes, 0)) == pytest.approx(1 / 3)
    # If 1 is right both are invalid, and the other passes two invalid ones with a
    # Beta(1, 9) rate: 1/10 * 2/11.
    assert exp(test_evidence(passes, 1)) == pytest.approx(1 / 10 * 2 / 11)
    # Twins of the other group are one witness, not two.
    assert test_evidence([*passes, passes[1]], 0) == pytest.approx(log(1 / 3))


def test_failures_by_hand():
    assert failure_evidence(0) == 0
    assert failure_evidence(1) == -FAILED
    assert failure_evidence(3) == -2 * FAILED


sizes = st.lists(st.integers(1, 30), min_size=2, max_size=8)


@given(sizes)
def test_a_larger_group_is_never_less_likely(sizes):
    scores = [size_evidence(sizes, group) for group in range(len(sizes))]
    for a in range(len(sizes)):
        for b in range(len(sizes)):
            if sizes[a] > sizes[b]:
                assert scores[a] > scores[b]
            if sizes[a] == sizes[b]:
                assert scores[a] == pytest.approx(scores[b])


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=6))
def test_the_order_of_tests_does_not_matter(passes):
    turned = [list(reversed(row)) for row in passes]
    for group in range(len(passes)):
        assert test_evidence(passes, group) == pytest.approx(test_evidence(turned, group))


@given(st.integers(0, 1000))
def test_more_failures_are_worse(failed):
    assert failure_evidence(failed + 1) < failure_evidence(failed)


def test_no_tests_say_nothing():
    assert test_evidence([[], []], 0) == test_evidence([[], []], 1) == 0
