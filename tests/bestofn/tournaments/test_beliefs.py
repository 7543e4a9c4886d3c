"""The posterior against a plain enumeration, the sampled one against the exact one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.tournaments.beliefs import Belief, ExactBelief
from bestofn.tournaments.gains import pick
from bestofn.tournaments.judge_model import ALIKE, FIRST_RIGHT, SECOND_RIGHT, TIE, judge_model
from bestofn.tournaments.right_sets import SHARE, every_set, log_sizes, sample_sets
from bestofn.tournaments.sampled import SampledBelief

Seen = Sequence[tuple[int, int, int]]


def beta(a: float, b: float) -> float:
    return math.gamma(a) * math.gamma(b) / math.gamma(a + b)


def prior_of(right: frozenset[int], log_odds: Sequence[float]) -> float:
    """Straight from the definition: how many are right, then which."""
    count, (a, b) = len(log_odds), SHARE
    size = math.comb(count, len(right)) * beta(a + len(right), b + count - len(right)) / beta(a, b)

    def odds(members: Sequence[int]) -> float:
        return math.exp(sum(log_odds[member] for member in members))

    return (
        size
        * odds(sorted(right))
        / sum(odds(members) for members in combinations(range(count), len(right)))
    )


def enumerated(
    log_odds: Sequence[float], seen: Seen, *, both_orders: bool
) -> dict[frozenset[int], float]:
    model = judge_model(both_orders=both_orders)
    count = len(log_odds)
    sets = [frozenset(s) for k in range(count + 1) for s in combinations(range(count), k)]
    weights = {}
    for right in sets:
        total = 0.0
        for judge, weight in enumerate(model.weights):
            for first, second, outcome in seen:
                kind = (
                    ALIKE
                    if (first in right) == (second in right)
                    else FIRST_RIGHT
                    if first in right
                    else SECOND_RIGHT
                )
                weight *= model.chances[outcome, kind, judge]
            total += weight
        weights[right] = prior_of(right, log_odds) * total
    whole = sum(weights.values())
    return {right: weight / whole for right, weight in weights.items()}


def some_matches(rng: Random, count: int, matches: int, outcomes: int) -> Seen:
    return [(*rng.sample(range(count), 2), rng.randrange(outcomes)) for _ in range(matches)]  # type: ignore[misc]


def told(belief: Belief, seen: Seen) -> Belief:
    for match in seen:
        belief.observe(*match)
    return belief


odds = st.lists(st.floats(-3, 3), min_size=2, max_size=6)


@given(odds, st.integers(0, 2**32), st.integers(0, 12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_belief_is_the_posterior(
    log_odds: list[float], seed: int, matches: int, both_orders: bool
) -> None:
    count = len(log_odds)
    seen = some_matches(Random(seed), count, matches, 3 if both_orders else 2)
    truth = enumerated(log_odds, seen, both_orders=both_orders)
    belief = told(ExactBelief(log_odds, judge_model(both_orders=both_orders)), seen)
    hypotheses, chances = belief.now()
    right = [sum(w for s, w in truth.items() if one in s) for one in range(count)]
    assert hypotheses.right().tolist() == pytest.approx(right, abs=1e-9)
    assert hypotheses.nobody() == pytest.approx(truth[frozenset()], abs=1e-9)
    who = np.arange(count)
    joint = hypotheses.together(who)
    for one in range(count):
        for other in range(count):
            for third in range(count):
                wanted = sum(w for s, w in truth.items() if {one, other, third} <= s)
                assert joint[one, other, third] == pytest.approx(wanted, abs=1e-9)
    # What is imagined of a next match follows from the averaged chances.
    assert chances.sum(axis=0).tolist() == pytest.approx([1.0] * 3)
    after = hypotheses.after(0, 1, chances[1])
    kinds = {s: chances[1][ALIKE if (0 in s) == (1 in s) else 1 if 0 in s else 2] for s in truth}
    whole = sum(w * kinds[s] for s, w in truth.items())
    nobody = truth[frozenset()] * kinds[frozenset()] / whole
    assert after.nobody() == pytest.approx(nobody, abs=1e-9)


@given(odds, st.floats(-5, 5))
def test_the_same_odds_for_all_change_nothing(log_odds: list[float], shift: float) -> None:
    shifted = [one + shift for one in log_odds]
    assert every_set(log_odds).tolist() == pytest.approx(every_set(shifted).tolist(), abs=1e-9)


def test_extreme_odds_are_no_trouble() -> None:
    weights = every_set([700.0, -700.0, 0.0])
    assert np.isfinite(weights).all()
    right = ExactBelief([700.0, -700.0, 0.0], judge_model(both_orders=False)).now()[0].right()
    assert right[0] > right[2] > right[1]


def test_of_one_right_and_one_wrong_the_odds_are_those_given() -> None:
    weights = every_set([math.log(3), 0.0])
    assert weights[0b01] / weights[0b10] == pytest.approx(3)


def test_sampled_sets_follow_the_prior() -> None:
    log_odds = [1.5, 0.0, -1.0, 0.0, 0.5]
    drawn = sample_sets(log_odds, 200_000, np.random.default_rng(1))
    counts = np.bincount(drawn @ (1 << np.arange(5)), minlength=32) / len(drawn)
    assert np.abs(counts - every_set(log_odds)).max() < 0.004
    sizes = np.bincount(drawn.sum(axis=1), minlength=6) / len(drawn)
    assert np.abs(sizes - np.exp(log_sizes(5))).max() < 0.005


@pytest.mark.parametrize("both_orders", [False, True])
@pytest.mark.parametrize("matches", [0, 6, 25, 80])
def test_the_sampled_belief_is_near_the_exact_one(matches: int, both_orders: bool) -> None:
    rng = Random(matches)
    log_odds = [rng.uniform(-1, 1) for _ in range(9)]
    model = judge_model(both_orders=both_orders)
    seen = [
        (first, second, int((first > 4) == (second > 4)) if rng.random() < 0.3 else int(first > 4))
        for first, second in (rng.sample(range(9), 2) for _ in range(matches))
    ]
    if both_orders:
        seen = [(a, b, TIE if rng.random() < 0.3 else outcome) for a, b, outcome in seen]
    exact = told(ExactBelief(log_odds, model), seen)
    sampled = told(SampledBelief(log_odds, model, Random(1), sets=8192), seen)
    (theirs, their_chances), (ours, our_chances) = sampled.now(), exact.now()
    assert np.abs(theirs.right() - ours.right()).max() < 0.05
    assert abs(theirs.nobody() - ours.nobody()) < 0.03
    assert np.abs(their_chances - our_chances).max() < 0.02
    who = np.array([1, 7, 4])
    assert np.abs(theirs.together(who) - ours.together(who)).max() < 0.05


def test_entrants_that_nothing_tells_apart_are_believed_alike() -> None:
    belief = SampledBelief([0.0] * 20, judge_model(both_orders=False), Random(1))
    belief.observe(0, 1, 0)
    right = belief.now()[0].right()
    assert len(set(right[2:].tolist())) == 1
    assert right[0] > right[2] > right[1]


def test_a_judge_that_only_likes_the_first_slot_is_found_out() -> None:
    model = judge_model(both_orders=False)
    leaning = told(
        ExactBelief([0.0] * 6, model), [(a, b, 0) for a in range(6) for b in range(6) if a != b]
    )
    # Every order was answered with its first slot: nobody is ahead of anybody.
    assert leaning.now()[1][0, ALIKE] > 0.65
    assert np.ptp(leaning.now()[0].right()) < 1e-9


def test_picked_matches_are_playable_and_different() -> None:
    belief = told(ExactBelief([0.0] * 6, judge_model(both_orders=False)), [(0, 1, 0), (2, 3, 0)])
    playable = ~np.eye(6, dtype=np.bool_)
    playable[0, 1] = playable[2, 3] = False
    for count in (1, 4, 9):
        picked = pick(*belief.now(), playable, count)
        assert len(set(picked)) == count
        assert all(playable[match] for match in picked)
    only = np.zeros((6, 6), dtype=np.bool_)
    only[5, 4] = only[4, 0] = True
    assert set(pick(*belief.now(), only, 8)) == {(5, 4), (4, 0)}


def test_matches_are_found_beyond_the_shortlist() -> None:
    belief = SampledBelief([0.0] * 18 + [-9.0, -9.0], judge_model(both_orders=False), Random(1))
    only = np.zeros((20, 20), dtype=np.bool_)
    only[18, 19] = only[19, 3] = True
    picked = pick(*belief.now(), only, 5)
    assert set(picked) == {(18, 19), (19, 3)}
