"""Votes, Copeland and Bradley-Terry: by hand, by property, and against the package choix."""

from __future__ import annotations

import math
from random import Random

import choix
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bestofn.errors import InvalidInput
from bestofn.tournaments import Match, Verdict
from bestofn.tournaments.ratings import bradley_terry, copeland, votes


def won(winner: str, loser: str) -> Verdict:
    return Verdict(match=Match(shown=(winner, loser)), votes={winner: 1.0})


def tie(one: str, other: str) -> Verdict:
    return Verdict(match=Match(shown=(one, other)), votes={one: 0.5, other: 0.5})


ABSTAINED = Verdict(match=Match(shown=("a", "b")))
NOT_ASKED = Verdict(match=Match(shown=("a", "b")), asked=False)


def test_votes_are_counted() -> None:
    verdicts = [won("a", "b"), won("a", "c"), tie("b", "c"), ABSTAINED, NOT_ASKED]
    assert votes("abcd", verdicts) == {"a": 2.0, "b": 0.5, "c": 0.5, "d": 0.0}


def test_copeland_counts_opponents_not_votes() -> None:
    # a beats b by 2 to 1, a and c are even, c beats b; nobody met d.
    verdicts = [won("a", "b"), won("a", "b"), won("b", "a"), won("a", "c"), won("c", "a")]
    verdicts += [won("c", "b"), ABSTAINED]
    assert copeland("abcd", verdicts) == {"a": 1.5, "b": 0.0, "c": 1.5, "d": 0.0}
    assert copeland("ab", [tie("a", "b")]) == {"a": 0.5, "b": 0.5}
    assert copeland("ab", [ABSTAINED]) == {"a": 0.0, "b": 0.0}


def test_whoever_is_named_of_several_beats_each_of_them() -> None:
    verdicts = [Verdict(match=Match(shown=("a", "b", "c")), votes={"b": 1.0})]
    assert votes("abc", verdicts) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert copeland("abc", verdicts) == {"a": 0.0, "b": 2.0, "c": 0.0}
    strengths = bradley_terry("abc", verdicts)
    assert strengths["b"] > strengths["a"] == pytest.approx(strengths["c"])


def test_strengths_of_two_follow_from_their_shares() -> None:
    # 3 wins to 1: the odds are 3, so the strengths differ by log 3.
    verdicts = [won("a", "b")] * 3 + [won("b", "a")]
    strengths = bradley_terry("ab", verdicts, prior=0)
    assert strengths["a"] == pytest.approx(math.log(3) / 2, abs=1e-9)
    assert strengths["b"] == pytest.approx(-math.log(3) / 2, abs=1e-9)
    # A tie is half a win each: 1.5 to 0.5 are the same odds.
    assert bradley_terry("ab", [won("a", "b"), tie("a", "b")], prior=0) == pytest.approx(strengths)
    # Undefeated, 1 to 0: with p = 1 / (1 + e^-s) the likelihood times the imagined matches
    # is steepest where 1 - p(2s) = prior (2 p(s) - 1); solved here by bisection.
    low, high = 0.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        slope = 1 / (1 + math.exp(2 * middle)) - 0.1 * math.tanh(middle / 2)
        low, high = (middle, high) if slope > 0 else (low, middle)
    assert bradley_terry("ab", [won("a", "b")], prior=0.1)["a"] == pytest.approx(low, abs=1e-8)


@given(st.integers(2, 9), st.integers(0, 2**32), st.floats(0.1, 0.9))
@settings(max_examples=60, deadline=None)
def test_strengths_are_those_of_choix(count: int, seed: int, ties: float) -> None:
    rng = Random(seed)
    entrants = [str(number) for number in range(count)]
    verdicts, pairs = [], []
    for _ in range(rng.randint(1, 6) * count):
        one, other = rng.sample(range(count), 2)
        # choix knows no ties: half a win each is one win each once everything is doubled.
        if rng.random() < ties:
            verdicts.append(tie(str(one), str(other)))
            pairs += [(one, other), (other, one)]
        else:
            verdicts.append(won(str(one), str(other)))
            pairs += [(one, other)] * 2
    try:
        strengths = bradley_terry(entrants, verdicts, prior=0)
    except InvalidInput:
        assume(False)
    ours = [strengths[name] for name in entrants]
    for theirs in (
        choix.mm_pairwise(count, pairs, max_iter=200_000, tol=1e-10),
        choix.ilsr_pairwise(count, pairs, tol=1e-10),
    ):
        centred = theirs - theirs.mean()
        assert ours == pytest.approx(centred.tolist(), abs=1e-6)


@given(st.integers(2, 12), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_turning_every_verdict_turns_the_strengths(count: int, seed: int) -> None:
    rng = Random(seed)
    entrants = [str(number) for number in range(count)]
    pairs = [rng.sample(entrants, 2) for _ in range(rng.randint(0, 3 * count))]
    there = bradley_terry(entrants, [won(one, other) for one, other in pairs])
    back = bradley_terry(entrants, [won(other, one) for one, other in pairs])
    assert sum(there.values()) == pytest.approx(0, abs=1e-9)
    assert there == pytest.approx({name: -strength for name, strength in back.items()}, abs=1e-6)


def test_undefeated_and_unbeaten_are_finite_and_in_order() -> None:
    entrants = [str(number) for number in range(20)]
    verdicts = [won(a, b) for i, a in enumerate(entrants) for b in entrants[i + 1 :]]
    strengths = bradley_terry(entrants, verdicts)
    assert sorted(entrants, key=lambda name: -strengths[name]) == entrants
    assert all(math.isfinite(strength) for strength in strengths.values())


def test_nothing_known_is_no_difference() -> None:
    assert bradley_terry("abc", [ABSTAINED, NOT_ASKED]) == {"a": 0.0, "b": 0.0, "c": 0.0}


def test_without_a_prior_undetermined_strengths_are_refused() -> None:
    for verdicts in ([], [won("a", "b")], [won("a", "b"), won("b", "a")]):
        with pytest.raises(InvalidInput, match="prior: is needed"):
            bradley_terry("abc", verdicts, prior=0)
    with pytest.raises(InvalidInput, match="prior: must not be negative"):
        bradley_terry("ab", [], prior=-1)
    with pytest.raises(ArithmeticError, match="after 2 rounds"):
        bradley_terry("ab", [won("a", "b")], max_rounds=2)
