"""The simulated judge keeps its rates and answers as a judge does."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from bestofn import Candidate, InvalidInput, Problem
from bestofn.judges import Judge
from bestofn.run import Run
from bestofn.sandbox import Sandbox
from bestofn.testing import SimulatedJudge, SimulatedModel, simulate
from bestofn.tournaments import Adaptive, Knockout, Listwise, Match, RandomPairs, RoundRobin

PROBLEM = Problem(id="p", statement="Which one is right?")
CANDIDATES = [Candidate(id=id, code=id, kind="answer") for id in "abcdef"]


def rates(model: SimulatedModel, shown: tuple[str, ...], draws: int = 20_000) -> Counter[str]:
    rng = Random(1)
    named = Counter("".join(model.answer(shown, rng)) for _ in range(draws))
    return Counter({name: round(100 * count / draws) for name, count in named.items()})


def near(measured: Counter[str], expected: dict[str, float]) -> None:
    assert set(measured) == set(expected)
    for name, percent in expected.items():
        assert abs(measured[name] - percent) <= 1.5, (name, measured)


def test_accuracy_and_position_bias() -> None:
    model = SimulatedModel(right=frozenset("ac"))
    near(rates(model, ("a", "b")), {"a": 15 + 85 * 0.75, "b": 85 * 0.25})
    near(rates(model, ("b", "a")), {"a": 85 * 0.75, "b": 15 + 85 * 0.25})
    near(rates(model, ("a", "c")), {"a": 15 + 42.5, "c": 42.5})
    near(rates(model, ("d", "b")), {"d": 15 + 42.5, "b": 42.5})
    last = SimulatedModel(right=frozenset("a"), position_bias=-0.2)
    near(rates(last, ("a", "b")), {"a": 60, "b": 40})


def test_several_are_shown_together() -> None:
    model = SimulatedModel(right=frozenset("ac"), position_bias=0)
    near(rates(model, ("a", "b", "c", "d")), {"a": 37.5, "c": 37.5, "b": 12.5, "d": 12.5})


def test_ties_and_replies_without_a_verdict() -> None:
    model = SimulatedModel(
        right=frozenset("a"), accuracy=1, position_bias=0, tie_rate=0.2, parse_failure_rate=0.1
    )
    near(rates(model, ("a", "b")), {"a": 70, "ab": 20, "": 10})


def test_two_orders_share_one_vote() -> None:
    model = SimulatedModel(right=frozenset("a"), swap="both")
    match = Match(shown=("a", "b"))
    assert model.orders(match) == (("a", "b"), ("b", "a"))
    assert model.verdict(match, [("a",), ("a",)]).votes == {"a": 1.0}
    assert model.verdict(match, [("a",), ("b",)]).votes == {"a": 0.5, "b": 0.5}
    assert model.verdict(match, [("a",), ()]).votes == {"a": 0.5}
    assert model.verdict(match, [("a",), ("b", "a")]).votes == {"a": 0.75, "b": 0.25}
    assert model.verdict(match, [(), ()]).votes == {}


@pytest.mark.parametrize(
    ("tournament", "calls"),
    [(RandomPairs(rounds=9), 9), (RoundRobin(), 30), (Knockout(), 5), (Listwise(), 3)],
    ids=repr,
)
def test_a_simulation_counts_its_calls(
    tournament: RandomPairs | RoundRobin | Knockout | Listwise, calls: int
) -> None:
    right = dict.fromkeys("abcdef", False) | {"d": True}
    once = simulate(tournament, right, rng=Random(1), accuracy=1, position_bias=0)
    assert once.calls == calls
    assert simulate(tournament, right, rng=Random(1), swap="both").calls == 2 * calls
    if not isinstance(tournament, RandomPairs):
        assert once.chosen == "d"


@pytest.mark.anyio
async def test_it_judges() -> None:
    judge = SimulatedJudge({"c"}, accuracy=1, position_bias=0, tournament=RoundRobin())
    assert isinstance(judge, Judge)
    run = Run(sandbox=Sandbox(), seed=3)
    ranking = await judge.rank(PROBLEM, CANDIDATES, run)
    assert ranking.order[0] == "c"
    assert ranking.abstained is None
    assert ranking.usage.calls == len(ranking.comparisons) == 30
    assert all(one.winner == "c" for one in ranking.comparisons if "c" in one.shown)
    assert await judge.rank(PROBLEM, CANDIDATES, run) == ranking


@pytest.mark.anyio
async def test_the_same_question_has_the_same_answer() -> None:
    def by_question(answers: object) -> dict[object, object]:
        return {one.shown: one.winner for one in answers}  # type: ignore[attr-defined]

    run = Run(sandbox=Sandbox(), seed=1)
    asked = []
    for tournament in (RoundRobin(), Adaptive(max_calls=20, confidence=1)):
        judge = SimulatedJudge({"a", "b"}, accuracy=0.6, tournament=tournament, seed=5)
        asked.append(by_question((await judge.rank(PROBLEM, CANDIDATES, run)).comparisons))
    assert asked[1].items() <= asked[0].items()
    other = SimulatedJudge({"a", "b"}, accuracy=0.6, tournament=RoundRobin(), seed=6)
    assert by_question((await other.rank(PROBLEM, CANDIDATES, run)).comparisons) != asked[0]


@pytest.mark.anyio
async def test_a_judge_that_says_nothing_abstains() -> None:
    run = Run(sandbox=Sandbox())
    for settings in ({"parse_failure_rate": 1.0}, {"tie_rate": 1.0}):
        judge = SimulatedJudge("a", tournament=RoundRobin(), **settings)  # type: ignore[arg-type]
        ranking = await judge.rank(PROBLEM, CANDIDATES, run)
        assert ranking.abstained == "6 candidates share the first place"
        assert all(one.winner is None and one.error for one in ranking.comparisons)


@pytest.mark.anyio
async def test_what_it_cannot_know_is_refused() -> None:
    judge = SimulatedJudge({"a": True, "b": False})
    with pytest.raises(InvalidInput, match="says nothing about 'c'"):
        await judge.rank(PROBLEM, CANDIDATES, Run(sandbox=Sandbox()))
    for settings, field in (
        ({"accuracy": 1.1}, "accuracy"),
        ({"position_bias": -1.5}, "position_bias"),
        ({"tie_rate": 0.7, "parse_failure_rate": 0.7}, "tie_rate"),
        ({"swap": "twice"}, "swap"),
    ):
        with pytest.raises(InvalidInput, match=f"^{field}: "):
            SimulatedJudge({"a"}, **settings)
