"""Knockout and listwise: groups, byes, ties, budgets that end in the middle."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.tournaments import Knockout, Listwise, Match, Verdict


def names(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]


def strongest(match: Match) -> Verdict:
    return Verdict(match=match, votes={min(match.shown, key=lambda name: int(name[1:])): 1.0})


@given(st.integers(2, 20), st.integers(0, 2**32), st.sampled_from([1, 2]))
def test_a_bracket_plays_one_pair_less_than_entrants(count: int, seed: int, best_of: int) -> None:
    play = Knockout(best_of=best_of).start(names(count), Random(seed))
    pairs: set[frozenset[str]] = set()
    waves = 0
    while matches := play.matches():
        met = {frozenset(match.shown) for match in matches}
        assert len(matches) == best_of * len(met)
        assert len(frozenset().union(*met)) == 2 * len(met), "nobody plays two in a round"
        assert not met & pairs
        pairs |= met
        waves += 1
        play.record([strongest(match) for match in matches])
    assert len(pairs) == count - 1
    assert waves == (count - 1).bit_length()
    standings = play.standings()
    assert standings.order[0] == "c0"
    assert standings.scores["c0"] == waves
    assert standings.tied == ("c0",)


def test_byes_make_the_second_round_full() -> None:
    play = Knockout().start(names(5), Random(2))
    assert len(play.matches()) == 1
    assert len(Knockout().start(names(6), Random(2)).matches()) == 2
    assert len(Knockout().start(names(7), Random(2)).matches()) == 3
    assert len(Knockout().start(names(8), Random(2)).matches()) == 4


def test_two_orders_that_contradict_each_other_are_decided_by_the_prior() -> None:
    play = Knockout(best_of=2).start("ab", Random(1), prior={"b": 0.1})
    one, other = play.matches()
    assert one.shown == other.shown[::-1]
    play.record([Verdict(match=match, votes={match.shown[0]: 1.0}) for match in (one, other)])
    assert play.matches() == ()
    assert play.standings().order == ("b", "a")


def test_the_lot_decides_a_tie_either_way() -> None:
    winners = set()
    for seed in range(40):
        play = Knockout().start("ab", Random(seed))
        (match,) = play.matches()
        play.record([Verdict(match=match, votes={"a": 0.5, "b": 0.5})])
        assert play.matches() == ()
        winners.add(play.standings().order[0])
    assert winners == {"a", "b"}


def test_a_budget_that_ends_within_a_round_ranks_those_who_came_through_first() -> None:
    play = Knockout().start(names(8), Random(4))
    first, *others = play.matches()
    play.record([strongest(first), *(Verdict(match=match, asked=False) for match in others)])
    assert play.matches() == ()
    winner = strongest(first).votes
    assert dict.fromkeys(play.standings().tied, 1.0) == winner
    assert sorted(play.standings().scores.values()) == [0.0] * 7 + [1.0]


@given(st.integers(2, 20), st.integers(2, 6), st.integers(1, 4), st.integers(0, 2**32))
def test_windows_are_even_and_orders_rotate(
    count: int, window: int, orders: int, seed: int
) -> None:
    play = Listwise(window=window, orders=orders).start(names(count), Random(seed))
    left = count
    while matches := play.matches():
        groups: dict[frozenset[str], list[tuple[str, ...]]] = {}
        for match in matches:
            groups.setdefault(frozenset(match.shown), []).append(match.shown)
        sizes = [len(group) for group in groups]
        assert max(sizes) <= window
        assert len(groups) <= -(-left // window)
        for group, shown in groups.items():
            assert len(shown) == min(orders, len(group))
            for place in range(len(group)):
                assert len({order[place] for order in shown}) == len(shown)
        left -= sum(sizes) - len(groups)
        play.record([strongest(match) for match in matches])
    assert left == 1
    assert play.standings().order[0] == "c0"


def test_few_candidates_are_shown_all_at_once() -> None:
    play = Listwise(window=4).start("abcd", Random(1))
    (match,) = play.matches()
    assert sorted(match.shown) == list("abcd")
    play.record([Verdict(match=match, votes={"c": 1.0})])
    assert play.matches() == ()
    assert play.standings().order[0] == "c"


@pytest.mark.parametrize(
    ("count", "waves"), [(8, [2, 1]), (9, [3, 1]), (16, [4, 1]), (17, [5, 2, 1])]
)
def test_groups_then_a_final(count: int, waves: list[int]) -> None:
    play = Listwise().start(names(count), Random(1))
    seen = []
    while matches := play.matches():
        seen.append(len(matches))
        play.record([strongest(match) for match in matches])
    assert seen == waves


def test_several_orders_of_a_group_add_up() -> None:
    play = Listwise(orders=3).start("abc", Random(6))
    matches = play.matches()
    assert len(matches) == 3
    # A judge that names the first slot whatever is there decides nothing.
    play.record([Verdict(match=match, votes={match.shown[0]: 1.0}) for match in matches[:2]])
    play.record([Verdict(match=matches[2], votes={matches[1].shown[0]: 1.0})])
    assert play.standings().order[0] == matches[1].shown[0]
