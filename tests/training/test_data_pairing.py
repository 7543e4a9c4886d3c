"""Which candidates are shown together, and the domain that they count for."""

from __future__ import annotations

import random

import pytest
from bestofn_training.data import Prompter
from bestofn_training.data.domains import CATEGORIES, category_of, domain_of
from bestofn_training.data.pairing import (
    CONTRADICTION,
    COPY,
    NO_CANDIDATE,
    NO_PROGRAM,
    NO_RIGHT,
    NO_WRONG,
    TOO_FEW,
    both_orders,
    candidate_sets,
    generator_of,
    sieve,
    why_none,
)
from bestofn_training.data.settings import DataSettings
from bestofn_training.errors import BadData, BadInput
from hypothesis import given
from hypothesis import strategies as st

from bestofn.types import Candidate, Problem

VERDICTS = st.lists(st.booleans(), max_size=12).map(
    lambda values: {f"c{n}": value for n, value in enumerate(values)}
)


@given(verdicts=VERDICTS, most=st.none() | st.integers(1, 9), seed=st.integers(0, 5))
def test_pairs_are_one_right_and_one_wrong_each_once(verdicts, most, seed):
    def draw():
        return candidate_sets([list(verdicts)], verdicts, k=2, most=most, rng=random.Random(seed))

    pairs = draw()
    assert pairs == draw()
    assert all(sorted(verdicts[id] for id in pair) == [False, True] for pair in pairs)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    right = sum(verdicts.values())
    everything = right * (len(verdicts) - right)
    assert len(pairs) == (everything if most is None else min(most, everything))


@given(verdicts=VERDICTS, k=st.integers(3, 5), seed=st.integers(0, 5))
def test_larger_sets_have_right_and_wrong_ones(verdicts, k, seed):
    sets = candidate_sets([list(verdicts)], verdicts, k=k, most=4, rng=random.Random(seed))
    possible = len(verdicts) >= k and len(set(verdicts.values())) == 2
    assert bool(sets) == possible
    assert len({frozenset(members) for members in sets}) == len(sets) <= 4
    for members in sets:
        assert len(set(members)) == k
        assert {verdicts[id] for id in members} == {True, False}
        assert both_orders(members) == (members, members[::-1])


def test_sets_do_not_mix_groups_and_both_places_come_up():
    verdicts = {f"{name}/{n}": n % 2 == 0 for name in "ab" for n in range(6)}
    groups = [[id for id in verdicts if id.startswith(name)] for name in "ab"]
    pairs = candidate_sets(groups, verdicts, k=2, most=None, rng=random.Random(1))
    assert len(pairs) == 2 * 9
    assert all(one[0] == two[0] for one, two in pairs)
    assert len({verdicts[one] for one, _ in pairs}) == 2


def test_what_a_judge_never_sees_is_left_out_with_its_reason():
    candidates = [
        Candidate(id="a", code="x = 1\n"),
        Candidate(id="b", code="x = 1  # the same"),
        Candidate(id="c", code=" \n"),
        Candidate(id="d", code="x = 2"),
        Candidate(id="e", code="x = 2\n"),
    ]
    verdicts = {"a": True, "b": True, "c": False, "d": True, "e": False}
    sieved = sieve(candidates, verdicts)
    assert [candidate.id for candidate in sieved.kept] == ["a"]
    assert sieved.dropped == {
        "b": COPY, "c": NO_PROGRAM, "d": CONTRADICTION, "e": CONTRADICTION
    }  # fmt: skip
    assert sieved.copies == {"a": 2}


def test_why_there_is_no_set():
    assert why_none([], {}) == NO_CANDIDATE
    assert why_none(["a"], {"a": False}) == NO_RIGHT
    assert why_none(["a"], {"a": True}) == NO_WRONG
    assert why_none(["a", "b"], {"a": True, "b": False}) == TOO_FEW


def test_who_wrote_a_candidate():
    made = Candidate(id="m/0", code="", metadata={"generator": "other"})
    assert generator_of(made, "generator") == "other"
    assert generator_of(made, "model") == "m"
    assert generator_of(Candidate(id="a", code=""), "model") == "unknown"


def test_domains():
    problem = Problem(
        statement="x", platform="leetcode", difficulty="hard", metadata={"group": "g"}
    )
    assert domain_of(problem, "platform-difficulty", otherwise="b") == "leetcode-hard"
    assert domain_of(Problem(statement="x"), "platform-difficulty", otherwise="b") == "b"
    assert domain_of(problem, "column:group", otherwise="b") == "g"
    with pytest.raises(BadData, match="has no 'absent'"):
        domain_of(problem, "column:absent", otherwise="b")
    with pytest.raises(BadData, match="neither 'category' nor 'libs'"):
        domain_of(problem, "category", otherwise="b")
    for wrong in ("colour", "column:"):
        with pytest.raises(BadInput, match="domain"):
            DataSettings(domain=wrong)
    libs = Problem(statement="x", metadata={"libs": ("pandas", "matplotlib.pyplot")})
    assert domain_of(libs, "category", otherwise="b") == "Visualization"


@pytest.mark.parametrize(
    ("libraries", "category"),
    [
        ([], "General"),
        (["numpy", "scipy.stats", "requests"], "Computation"),
        (["hashlib", "random"], "Cryptography"),
        (["datetime", "pytz"], "Time"),
        (["os", "shutil", "json"], "System"),
        (["urllib.request", "bs4"], "Network"),
        (["itertools"], "General"),
        (["nobody_knows_it"], "General"),
    ],
)
def test_the_category_of_libraries(libraries, category):
    assert category_of(libraries) == category
    assert category in CATEGORIES
    assert len(CATEGORIES) == 7


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"k": 1}, "k"),
        ({"most": 0}, "most"),
        ({"k": 3, "most": None}, "most"),
        ({"within": "world"}, "within"),
        ({"too_long": "cut"}, "too_long"),
        ({"prompter": Prompter(evidence="tests")}, "evidence"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, field):
    with pytest.raises(BadInput, match=f"^{field}:"):
        DataSettings(**settings)
