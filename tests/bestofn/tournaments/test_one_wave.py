"""Tournaments that know all their matches beforehand: random pairs and the round robin."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations
from random import Random

import pytest

from bestofn.tournaments import RandomPairs, RoundRobin, Verdict


def test_random_pairs_are_uniform_over_ordered_pairs() -> None:
    drawn = Counter(
        match.shown for match in RandomPairs(rounds=12_000).start("abcd", Random(1)).matches()
    )
    assert set(drawn) == set(permutations("abcd", 2))
    # 1,000 of each expected, standard deviation 30.
    assert all(850 <= count <= 1150 for count in drawn.values())


def test_rounds_know_nothing_of_each_other() -> None:
    # Of two rounds among three entrants, one in three draws the same two again.
    again = 0
    for seed in range(3000):
        one, other = RandomPairs(rounds=2).start("abc", Random(seed)).matches()
        again += set(one.shown) == set(other.shown)
    assert 900 <= again <= 1100


def test_an_order_drawn_again_is_a_fresh_sample() -> None:
    matches = RandomPairs(rounds=9).start("ab", Random(3)).matches()
    for shown in (("a", "b"), ("b", "a")):
        samples = [match.sample for match in matches if match.shown == shown]
        assert samples == list(range(len(samples)))
    assert len(matches) == 9


def test_most_votes_win_and_ties_are_broken_at_random() -> None:
    firsts: Counter[str] = Counter()
    for seed in range(400):
        play = RandomPairs(rounds=6).start("abc", Random(seed))
        wave = play.matches()
        play.record([Verdict(match=match, votes={min(match.shown): 1.0}) for match in wave])
        standings = play.standings()
        counted = Counter({"a": 0, "b": 0, "c": 0})
        counted.update(min(match.shown) for match in wave)
        assert standings.scores == dict(counted)
        most = max(counted.values())
        assert set(standings.tied) == {name for name in "abc" if counted[name] == most}
        if standings.tied != standings.order[:1]:
            firsts[standings.order[0]] += 1
    assert firsts["a"] > 5
    assert firsts["b"] > 5


def test_ties_between_equal_votes_fall_evenly() -> None:
    chosen = Counter(
        RandomPairs().start("abcd", Random(seed)).standings().order[0] for seed in range(2000)
    )
    assert all(420 <= chosen[name] <= 580 for name in "abcd")


def test_both_orders_of_all_pairs_are_one_wave() -> None:
    entrants = [f"c{number}" for number in range(8)]
    play = RoundRobin().start(entrants, Random(5))
    wave = play.matches()
    assert len(wave) == 56
    assert {match.shown for match in wave} == set(permutations(entrants, 2))
    play.record([Verdict(match=match) for match in wave])
    assert play.matches() == ()


def test_each_pair_once_in_random_order() -> None:
    entrants = "abcdef"
    wave = RoundRobin(orders="one").start(entrants, Random(5)).matches()
    assert {frozenset(match.shown) for match in wave} == set(
        map(frozenset, combinations(entrants, 2))
    )
    assert len(wave) == 15
    flipped = sum(match.shown[0] > match.shown[1] for match in wave)
    assert 2 <= flipped <= 13


@pytest.mark.parametrize(
    ("rating", "best"), [("votes", "a"), ("copeland", "b"), ("bradley-terry", "a")]
)
def test_the_rating_decides(rating: str, best: str) -> None:
    # a: two votes against c and half against d and b each is beaten by; b wins narrowly, often.
    play = RoundRobin(rating=rating).start("abcd", Random(1))  # type: ignore[arg-type]
    tallies = {"ab": 0.5, "ac": 1.0, "ad": 1.0, "bc": 0.75, "bd": 0.75, "cd": 0.5}
    if rating == "copeland":
        tallies["ab"] = 0.25
    verdicts = []
    for match in play.matches():
        one, other = sorted(match.shown)
        share = tallies[one + other]
        verdicts.append(Verdict(match=match, votes={one: share, other: 1 - share}))
    play.record(verdicts)
    assert play.standings().order[0] == best
