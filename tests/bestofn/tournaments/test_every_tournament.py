"""What holds for every tournament, whatever the judge says and whenever the budget ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.errors import InvalidInput
from bestofn.tournaments import (
    NAMES,
    Adaptive,
    Knockout,
    Listwise,
    Match,
    Play,
    RandomPairs,
    RoundRobin,
    Standings,
    Tournament,
    Verdict,
    tournament_named,
)

TOURNAMENTS: tuple[Tournament, ...] = (
    RandomPairs(rounds=5),
    RoundRobin(),
    RoundRobin(orders="one", rating="copeland"),
    RoundRobin(rating="bradley-terry"),
    Knockout(),
    Knockout(best_of=2),
    Listwise(window=3),
    Listwise(window=4, orders=3),
    Adaptive(max_calls=12),
    Adaptive(max_calls=9, batch=4, both_orders=True),
    Adaptive(max_calls=14, samples=2, confidence=1),
)

Judge = Callable[[Match, Random], Mapping[str, float]]


def names(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]


def whim(match: Match, rng: Random) -> Mapping[str, float]:
    kind = rng.randrange(5)
    if kind == 0:
        return {}
    if kind == 1:
        return {name: 1 / len(match.shown) for name in match.shown}
    return {rng.choice(match.shown): 1.0}


def abstain(match: Match, rng: Random) -> Mapping[str, float]:
    return {}


def prefer(best: str) -> Judge:
    return lambda match, rng: {best if best in match.shown else rng.choice(match.shown): 1.0}


def play_out(
    play: Play, judge: Judge, rng: Random, *, budget: int | None = None
) -> tuple[list[Match], list[Sequence[Match]]]:
    """Play to the end; matches past the budget are not asked."""
    asked: list[Match] = []
    waves: list[Sequence[Match]] = []
    while matches := play.matches():
        assert len(waves) < 1000
        waves.append(matches)
        verdicts = []
        for match in matches:
            if budget is not None and len(asked) >= budget:
                verdicts.append(Verdict(match=match, asked=False))
                continue
            asked.append(match)
            verdicts.append(Verdict(match=match, votes=judge(match, rng)))
        rng.shuffle(verdicts)
        play.record(verdicts)
    return asked, waves


def check(standings: Standings, entrants: Iterable[str]) -> None:
    assert sorted(standings.order) == sorted(entrants)
    assert set(standings.scores) == set(standings.order)
    assert standings.tied[0] == standings.order[0]
    assert standings.tied == standings.order[: len(standings.tied)]
    scores = [standings.scores[name] for name in standings.order]
    assert all(a >= b - 1e-8 for a, b in pairwise(scores))
    assert standings.confidence is None or 0 <= standings.confidence <= 1


rules = st.sampled_from(TOURNAMENTS)
seeds = st.integers(0, 2**32)


@given(rules, st.integers(2, 20), seeds, st.none() | st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_any_course_ends_in_a_full_order(
    tournament: Tournament, count: int, seed: int, budget: int | None
) -> None:
    entrants = names(count)
    play = tournament.start(entrants, Random(seed))
    check(play.standings(), entrants)
    asked, _ = play_out(play, whim, Random(seed + 1), budget=budget)
    check(play.standings(), entrants)
    assert play.standings() == play.standings()
    assert play.matches() == ()
    for match in asked:
        assert len(match.shown) >= 2
        assert len(set(match.shown)) == len(match.shown)
        assert set(match.shown) <= set(entrants)
    assert len(set(asked)) == len(asked), "each match is a fresh question"
    if not isinstance(tournament, RandomPairs) and getattr(tournament, "samples", 1) == 1:
        assert len({match.shown for match in asked}) == len(asked), "no order is asked twice"
        assert all(match.sample == 0 for match in asked)


@given(rules, st.integers(2, 20), seeds)
@settings(max_examples=60, deadline=None)
def test_the_seed_repeats_the_course(tournament: Tournament, count: int, seed: int) -> None:
    def course() -> tuple[list[Sequence[Match]], Standings]:
        play = tournament.start(names(count), Random(seed))
        _, waves = play_out(play, whim, Random(7))
        return waves, play.standings()

    assert course() == course()


@given(rules, st.integers(2, 20), seeds)
@settings(max_examples=80, deadline=None)
def test_without_any_verdict_everybody_is_tied_and_the_prior_decides(
    tournament: Tournament, count: int, seed: int
) -> None:
    entrants = names(count)
    play = tournament.start(entrants, Random(seed))
    play_out(play, abstain, Random(seed))
    if not isinstance(tournament, Knockout | Listwise):  # these decide a round by lot and go on
        assert set(play.standings().tied) == set(entrants)
    favourite = entrants[seed % count]
    play = tournament.start(entrants, Random(seed), prior={favourite: 1.0, "stranger": 9.0})
    assert play.standings().order[0] == favourite
    play_out(play, abstain, Random(seed))
    assert play.standings().order[0] == favourite
    assert play.standings().tied == (favourite,)


@given(
    st.sampled_from(
        [
            *(rule for rule in TOURNAMENTS if not isinstance(rule, RandomPairs | Adaptive)),
            Adaptive(max_calls=None, confidence=0.99),
            Adaptive(max_calls=None, confidence=0.99, batch=3, both_orders=True),
        ]
    ),
    st.integers(2, 12),
    seeds,
)
@settings(max_examples=80, deadline=None)
def test_whoever_wins_every_match_wins(tournament: Tournament, count: int, seed: int) -> None:
    best = f"c{seed % count}"
    play = tournament.start(names(count), Random(seed))
    play_out(play, prefer(best), Random(seed))
    assert play.standings().order[0] == best
    assert play.standings().tied == (best,)


@given(rules, seeds, st.integers(0, 11))
@settings(max_examples=80, deadline=None)
def test_an_unanswered_match_ends_the_tournament(
    tournament: Tournament, seed: int, budget: int
) -> None:
    entrants = names(7)
    play = tournament.start(entrants, Random(seed))
    asked, waves = play_out(play, whim, Random(seed), budget=budget)
    handed = sum(len(wave) for wave in waves)
    assert len(asked) == min(budget, handed)
    if handed > budget:
        assert handed - len(waves[-1]) <= budget, "no wave after the one that was cut"


@pytest.mark.parametrize("tournament", TOURNAMENTS, ids=repr)
def test_no_entrant_and_no_slot_is_preferred(tournament: Tournament) -> None:
    entrants = names(5)
    winners: Counter[str] = Counter()
    first: Counter[str] = Counter()
    courses = 300
    for seed in range(courses):
        rng = Random(seed)
        play = tournament.start(entrants, rng)
        opening = play.matches()
        first[opening[0].shown[0]] += 1
        play.record([Verdict(match=match, votes=whim(match, rng)) for match in opening])
        winners[play.standings().order[0]] += 1
    # 60 of each are expected, with a standard deviation of 7.
    for counted in (winners, first):
        assert all(32 <= counted[name] <= 88 for name in entrants), counted


@pytest.mark.parametrize("tournament", TOURNAMENTS, ids=repr)
def test_misuse_is_refused_with_the_field_at_fault(tournament: Tournament) -> None:
    with pytest.raises(InvalidInput, match=r"entrants: .*at least two"):
        tournament.start(["a"], Random(1))
    with pytest.raises(InvalidInput, match=r"entrants: .*repeated"):
        tournament.start(["a", "b", "a"], Random(1))
    with pytest.raises(InvalidInput, match=r"prior\['a'\]: must be a finite"):
        tournament.start(["a", "b"], Random(1), prior={"a": float("nan")})
    play = tournament.start(["a", "b", "c"], Random(1))
    match = play.matches()[0]
    with pytest.raises(InvalidInput, match=r"matches: .* are open"):
        play.matches()
    for votes, reason in (
        ({"z": 1.0}, "did not play"),
        ({match.shown[0]: -0.5}, "negative"),
        ({match.shown[0]: float("nan")}, "negative"),
        ({match.shown[0]: 0.75, match.shown[1]: 0.75}, "more than one"),
    ):
        with pytest.raises(InvalidInput, match=rf"verdicts\[0\].votes: .*{reason}"):
            play.record([Verdict(match=match, votes=votes)])
    with pytest.raises(InvalidInput, match="was not asked has no votes"):
        play.record([Verdict(match=match, votes={match.shown[0]: 1.0}, asked=False)])
    play.record([Verdict(match=match)])
    with pytest.raises(InvalidInput, match=r"verdicts\[0\]: .* is not open"):
        play.record([Verdict(match=match)])


def test_tournaments_by_name() -> None:
    assert NAMES == ("daj", "round-robin", "knockout", "listwise", "adaptive")
    for name in NAMES:
        assert tournament_named(name).name == name
        assert isinstance(tournament_named(name), Tournament)
    assert tournament_named("daj") == RandomPairs(rounds=8)
    assert tournament_named("daj", rounds=3) == RandomPairs(rounds=3)
    assert tournament_named("adaptive", rounds=24) == Adaptive(max_calls=24)
    with pytest.raises(InvalidInput, match="tournament: there is no 'swiss'; the names are daj"):
        tournament_named("swiss")
    with pytest.raises(InvalidInput, match="rounds: 'knockout' takes none"):
        tournament_named("knockout", rounds=3)
    for name in NAMES:
        with pytest.raises(InvalidInput, match="rounds: must be at least 1"):
            tournament_named(name, rounds=0)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: RandomPairs(rounds=0), "RandomPairs.rounds"),
        (lambda: RoundRobin(orders="two"), "RoundRobin.orders"),  # type: ignore[arg-type]
        (lambda: RoundRobin(rating="elo"), "RoundRobin.rating"),  # type: ignore[arg-type]
        (lambda: Knockout(best_of=3), "Knockout.best_of"),
        (lambda: Listwise(window=1), "Listwise.window"),
        (lambda: Listwise(orders=0), "Listwise.orders"),
        (lambda: Adaptive(max_calls=0), "Adaptive.max_calls"),
        (lambda: Adaptive(max_calls=1, both_orders=True), "Adaptive.max_calls"),
        (lambda: Adaptive(confidence=0), "Adaptive.confidence"),
        (lambda: Adaptive(confidence=95), "Adaptive.confidence"),
        (lambda: Adaptive(batch=0), "Adaptive.batch"),
        (lambda: Adaptive(samples=0), "Adaptive.samples"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: "):
        make()
