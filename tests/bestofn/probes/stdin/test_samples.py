from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.probes.stdin.make import stdin_probes
from bestofn.probes.stdin.reorder import reordered_samples, states_constraints
from bestofn.probes.stdin.samples import changed_samples
from bestofn.types import Problem, TestCase

CHANGES = (changed_samples, reordered_samples)
TOKENS = st.sampled_from(["0", "1", "2", "3", "-7", "abc", "x", "ab.c", "9" * 30, "9" * 5000, "²"])
ODD = st.lists(TOKENS | st.sampled_from([" ", "\n", "\n\n", "\t"]), max_size=20).map(" ".join)


@given(samples=st.lists(ODD | st.text(max_size=30), max_size=3), seed=st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_odd_samples_never_raise_and_never_come_back(samples: list[str], seed: int) -> None:
    for change in CHANGES:
        found = change(samples, seed=seed, wanted=5)
        assert found == change(samples, seed=seed, wanted=5)
        assert len(found) <= 5
        assert len({text.strip() for text in found}) == len(found)
        normal = {"\n".join(" ".join(line.split()) for line in s.split("\n")) for s in samples}
        assert not {text.strip() for text in found} & {text.strip() for text in normal}


@st.composite
def counted(draw: st.DrawFn) -> str:
    """A list, records and a word, each with its size in the first line."""
    values = draw(st.lists(st.integers(-9, 99), min_size=2, max_size=6))
    pairs = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4))
    lines = [f"{len(values)} {len(pairs)}", " ".join(map(str, values))]
    return "\n".join([*lines, *(f"{a} {b}" for a, b in pairs)]) + "\n"


@given(samples=st.lists(counted(), min_size=1, max_size=3), seed=st.integers(0, 999))
@settings(max_examples=100, deadline=None)
def test_counts_stay_right(samples: list[str], seed: int) -> None:
    for change in CHANGES:
        for text in change(samples, seed=seed, wanted=8):
            head, values, *pairs = text.splitlines()
            assert [len(values.split()), len(pairs)] == [int(token) for token in head.split()]


@given(word=st.text(alphabet="abc", min_size=1, max_size=9), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_lengths_of_words_stay_right(word: str, seed: int) -> None:
    for change in CHANGES:
        for text in change([f"{len(word)}\n{word}\n"], seed=seed, wanted=5):
            size, other = text.split()
            assert int(size) == len(other)


@given(samples=st.lists(counted(), min_size=1, max_size=3), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_reordering_keeps_every_line_but_its_order(samples: list[str], seed: int) -> None:
    known = [[Counter(line.split()) for line in sample.splitlines()] for sample in samples]
    for text in reordered_samples(samples, seed=seed, wanted=8):
        assert [Counter(line.split()) for line in text.splitlines()] in known


@pytest.mark.parametrize(
    "sample",
    [
        "4\n1 3 5 9\n",  # sorted
        "4\n9 5 5 1\n",  # sorted the other way
        "4\n1 1 2 1\n",  # parents
        "3\n0 2 1\n2 0 5\n1 5 0\n",  # a table
        "2\npush\npop\npush\n",  # commands
        "5 7\n",
    ],
)
def test_what_is_doubtful_stays(sample: str) -> None:
    found = reordered_samples([sample], seed=1, wanted=20)
    assert all(sorted(t.split()[0]) == sorted(sample.split()[0]) for t in found)
    if "push" not in sample:
        assert found == []
    assert not any(text.count("push") < 2 for text in found if "push" in sample)


def test_lists_are_reordered_where_nothing_speaks_against_it() -> None:
    found = reordered_samples(["4\n9 2 30 2\n", "3\n5 90 7\n"], seed=1, wanted=6)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("Add the numbers.\n\nConstraints\n\nThe input is nice.", True),
        ("Add n numbers, n ≤ 5.", True),
        ("Add up to 5 numbers.", True),
        ("It is guaranteed that this ends.", True),
        ("Add the numbers.\n\nSample Input\n\n1 < 2", False),
    ],
)
def test_which_statements_state_constraints(statement: str, expected: bool) -> None:
    assert states_constraints(statement) is expected


def test_stated_constraints_make_the_fallback_careful() -> None:
    tests = (TestCase(kind="stdin", input="3\n30 90 7\n", expected=""),)
    free = Problem(statement="Read some numbers and sort them.", public_tests=tests)
    bound = Problem(statement="Read some numbers below 100, n ≤ 3.", public_tests=tests)
    assert len(stdin_probes(free, seed=1)) >= 20
    found = stdin_probes(bound, seed=1)
    assert found
    for probe in found:
        assert isinstance(probe.input, str)
        assert sorted(probe.input.split()[1:]) == ["30", "7", "90"]
