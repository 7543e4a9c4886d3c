"""The Bayesian tournament: limits, stopping, both orders, what it asks."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.testing import SimulatedModel
from bestofn.tournaments import Adaptive, Match, Play, Verdict


def names(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]


def play_out(play: Play, votes: dict[str, float] | None, right: str = "c0") -> list[list[Match]]:
    """Everybody prefers ``right``, else the smaller name; or ``votes`` are given to all."""
    waves = []
    while matches := play.matches():
        waves.append(list(matches))
        for match in matches:
            best = right if right in match.shown else min(match.shown)
            play.record([Verdict(match=match, votes={best: 1.0} if votes is None else votes)])
    return waves


@given(
    st.integers(2, 9),
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(1, 3),
    st.booleans(),
    st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_it_stays_within_its_limits(
    count: int, max_calls: int, batch: int, samples: int, both_orders: bool, seed: int
) -> None:
    max_calls = max(max_calls, 2 if both_orders else 1)
    rules = Adaptive(
        max_calls=max_calls, batch=batch, samples=samples, both_orders=both_orders, confidence=1
    )
    waves = play_out(rules.start(names(count), Random(seed)), {})
    matches = [match for wave in waves for match in wave]
    pairs = count * (count - 1) // (2 if both_orders else 1)
    wanted = min(max_calls // (2 if both_orders else 1), samples * pairs)
    assert len(matches) == wanted
    assert max(len(wave) for wave in waves) <= batch
    kinds = [frozenset(match.shown) if both_orders else match.shown for match in matches]
    for kind in set(kinds):
        drawn = [m.sample for m, k in zip(matches, kinds, strict=True) if k == kind]
        assert drawn == list(range(len(drawn)))
        assert len(drawn) <= samples


def test_no_limit_asks_every_order_once() -> None:
    rules = Adaptive(max_calls=None, confidence=1)
    waves = play_out(rules.start(names(4), Random(1)), {})
    asked = [match.shown for wave in waves for match in wave]
    assert len(asked) == 12
    assert set(asked) == set(permutations(names(4), 2))


def test_it_stops_when_the_outcome_is_settled() -> None:
    lengths = []
    for confidence in (0.7, 0.9, 0.99):
        play = Adaptive(max_calls=None, confidence=confidence, batch=1).start(names(6), Random(2))
        lengths.append(sum(len(wave) for wave in play_out(play, None)))
        standings = play.standings()
        assert standings.confidence is not None
        assert standings.confidence >= confidence
    assert standings.order[0] == "c0"
    assert lengths == sorted(set(lengths))
    assert lengths[-1] < 30


def test_scores_are_probabilities_of_being_right() -> None:
    play = Adaptive().start(names(4), Random(1))
    assert list(play.standings().scores.values()) == pytest.approx([0.5] * 4)
    # Beforehand nobody is right with probability B(.6, 4.6) / B(.6, .6).
    assert play.standings().confidence == pytest.approx(0.5 + 0.2386, abs=0.02)
    play_out(play, None)
    assert all(0 < score < 1 for score in play.standings().scores.values())


def test_the_prior_is_where_belief_starts() -> None:
    play = Adaptive(max_calls=1).start(names(4), Random(1), prior={"c2": 2.0, "c3": -2.0})
    standings = play.standings()
    assert standings.order[0] == "c2"
    assert standings.order[-1] == "c3"
    assert standings.tied == ("c2",)
    # A strong prior needs no call at all.
    sure = Adaptive(confidence=0.8).start(names(4), Random(1), prior={"c2": 8.0})
    assert sure.matches() == ()


def test_ties_and_abstentions_tell_nothing() -> None:
    play = Adaptive(max_calls=4, batch=4).start(names(3), Random(1))
    before = play.standings()
    for match in play.matches():
        votes = {} if match.shown[0] == "c0" else dict.fromkeys(match.shown, 0.5)
        play.record([Verdict(match=match, votes=votes)])
    assert play.standings() == before


def test_with_both_orders_agreement_tells_more_and_a_tie_a_little() -> None:
    def believed(both_orders: bool, votes: dict[str, float]) -> float:
        rules = Adaptive(max_calls=2, batch=1, both_orders=both_orders)
        play = rules.start(["a", "b"], Random(1))
        (match,) = play.matches()
        play.record([Verdict(match=match, votes=votes)])
        return play.standings().scores["a"]

    assert believed(True, {"a": 1.0}) > believed(False, {"a": 1.0}) > 0.5
    assert believed(True, {"a": 0.5, "b": 0.5}) == pytest.approx(0.5)
    assert believed(False, {"a": 0.5, "b": 0.5}) == pytest.approx(0.5)
    # One order alone was answered: there is no telling whether the slot spoke.
    assert believed(True, {"a": 0.5}) == pytest.approx(0.5)


def test_a_leader_is_shown_in_both_places() -> None:
    play = Adaptive(max_calls=20, confidence=1, batch=1).start(names(5), Random(4))
    shown = [match.shown for wave in play_out(play, None) for match in wave]
    places = [pair.index("c0") for pair in shown if "c0" in pair]
    assert 0.25 < sum(places) / len(places) < 0.75


@pytest.mark.parametrize("count", [17, 24, 40])
def test_many_entrants_are_played_too(count: int) -> None:
    found = 0
    for seed in range(6):
        rng = Random(seed)
        right = frozenset(rng.sample(names(count), count // 4))
        model = SimulatedModel(right=right, accuracy=0.9, position_bias=0.1)
        play = Adaptive(max_calls=30, batch=5).start(names(count), rng)
        while matches := play.matches():
            play.record([model.verdict(m, [model.answer(m.shown, rng)]) for m in matches])
        found += play.standings().order[0] in right
    assert found >= 4
