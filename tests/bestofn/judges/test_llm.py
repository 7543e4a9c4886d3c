"""The judge that asks a model: matches, votes, abstentions, limits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bestofn import Candidate, FormatError, InvalidInput, Problem, Ranking
from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply, ReplyStatus, Sampling
from bestofn.errors import RequestRejected
from bestofn.events import CallStarted, ComparisonMade, Event, Noted
from bestofn.judges import Judge, LLMJudge, judge_named
from bestofn.judges.llm import JUDGE_SAMPLING, Swap
from bestofn.run import Deadline, Run
from bestofn.sandbox import Sandbox
from bestofn.testing import ScriptedBackend
from bestofn.tournaments import NAMES, RandomPairs, RoundRobin, tournament_named
from bestofn.tournaments.base import Match, Play, Standings, Verdict
from bestofn.types import Usage

pytestmark = pytest.mark.anyio

PROBLEM = Problem(id="letter", statement="Which letter comes first?")


def letters(names: str) -> list[Candidate]:
    return [Candidate(id=id, code=f"I am {id}.", kind="answer") for id in names]


def shown_in(request: ChatRequest) -> str:
    return "".join(re.findall(r"^I am (\w)\.$", request.messages[-1].content, re.MULTILINE))


def vote(place: int) -> str:
    return f"Both were looked at.\n<selection>{place}</selection>"


def alphabetical(request: ChatRequest) -> str:
    shown = shown_in(request)
    return vote(shown.index(min(shown)) + 1)


def first_slot(request: ChatRequest) -> str:
    return vote(1)


@dataclass
class Given:
    """A tournament that plays just these batches of matches."""

    batches: Sequence[Sequence[Match]]
    name: str = "given"
    verdicts: list[Verdict] = field(default_factory=list)
    prior: Mapping[str, float] = field(default_factory=dict)
    entrants: tuple[str, ...] = ()

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        self.entrants, self.prior = tuple(entrants), dict(prior or {})
        self._rest = iter(self.batches)
        return self

    def matches(self) -> Sequence[Match]:
        return next(self._rest, ())

    def record(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts += verdicts

    def standings(self) -> Standings:
        scores = {
            id: sum(verdict.votes.get(id, 0.0) for verdict in self.verdicts) for id in self.entrants
        }
        order = tuple(sorted(self.entrants, key=lambda id: -scores[id]))
        tied = tuple(id for id in order if scores[id] == scores[order[0]])
        return Standings(order=order, scores=scores, tied=tied)


def matches(*shown: str, sample: int = 0) -> list[Match]:
    return [Match(shown=tuple(one), sample=sample) for one in shown]


@asynccontextmanager
async def running(
    *,
    budget: Budget | None = None,
    deadline: Deadline | None = None,
    seed: int = 0,
    copies: Mapping[str, int] | None = None,
    on_event: Callable[[Event], None] | None = None,
    journal: Path | None = None,
) -> AsyncIterator[Run]:
    async with Calls(budget=budget or Budget(), on_event=on_event, journal=journal) as calls:
        yield Run(
            sandbox=Sandbox(),  # never opened: nothing here is a program
            calls=calls,
            seed=seed,
            deadline=deadline or Deadline(),
            copies=copies or {},
        )


async def test_the_judge_of_the_paper_finds_the_best() -> None:
    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        judge = LLMJudge(backend, tournament=RandomPairs(rounds=40))
        ranking = await judge.rank(PROBLEM, letters("cbda"), run)
    assert isinstance(judge, Judge)
    assert judge.name == "scripted/model"
    assert ranking.order[0] == "a"
    assert sorted(ranking.order) == ["a", "b", "c", "d"]
    assert len(ranking.comparisons) == len(backend.requests) == 40
    assert ranking.abstained is None
    assert ranking.stopped_by is None
    assert ranking.usage.calls == 40
    assert backend.most_in_flight > 8
    assert backend.open_sessions == 0
    request, n = backend.requests[0]
    assert n == 1
    assert request.sampling == JUDGE_SAMPLING == Sampling()
    first = ranking.comparisons[0]
    assert first.winner == min(first.shown)
    assert first.reasoning.startswith("Both were looked at.")
    assert (first.error, first.attempts, first.recorded) == ("", 1, False)


async def test_one_match_decides_between_two() -> None:
    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        ranking = await LLMJudge(backend).rank(PROBLEM, letters("ba"), run)
    assert ranking.order == ("a", "b")
    assert len(backend.requests) == 1


async def test_the_same_seed_asks_the_same_questions() -> None:
    async def texts(seed: int) -> list[str]:
        backend = ScriptedBackend(alphabetical)
        async with running(seed=seed) as run:
            await LLMJudge(backend).rank(PROBLEM, letters("abcd"), run)
        return sorted(request.messages[0].content for request, _ in backend.requests)

    assert await texts(1) == await texts(1)
    assert not set(await texts(1)) & set(await texts(2))


async def test_every_order_is_shown_and_a_drawn_pair_is_a_fresh_sample() -> None:
    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        judge = LLMJudge(backend, tournament=RandomPairs(rounds=60))
        await judge.rank(PROBLEM, letters("abc"), run)
    asked = [(shown_in(request), request.sample) for request, _ in backend.requests]
    assert {shown for shown, _ in asked} == {"ab", "ba", "ac", "ca", "bc", "cb"}
    assert len(set(asked)) == 60


async def test_at_temperature_0_an_answer_is_used_again() -> None:
    backend = ScriptedBackend(alphabetical)
    cold = Sampling(temperature=0)
    async with running() as run:
        judge = LLMJudge(backend, tournament=RandomPairs(rounds=60), sampling=cold)
        ranking = await judge.rank(PROBLEM, letters("abc"), run)
    assert len(backend.requests) == len(ranking.comparisons) == 6
    assert sum(ranking.scores.values()) == pytest.approx(60)


async def test_both_orders_share_a_vote() -> None:
    given = Given([matches("ab", "cd")])
    backend = ScriptedBackend(
        lambda request: first_slot(request) if "a" in shown_in(request) else alphabetical(request)
    )
    async with running() as run:
        judge = LLMJudge(backend, tournament=given, swap="both")
        ranking = await judge.rank(PROBLEM, letters("abcd"), run)
    assert [dict(verdict.votes) for verdict in given.verdicts] == [{"a": 0.5, "b": 0.5}, {"c": 1.0}]
    assert [c.shown for c in ranking.comparisons] == [
        ("a", "b"),
        ("b", "a"),
        ("c", "d"),
        ("d", "c"),
    ]


async def test_an_order_without_a_verdict_loses_its_half_vote() -> None:
    given = Given([matches("ab")])
    backend = ScriptedBackend(lambda r: vote(1) if shown_in(r) == "ab" else "I cannot say.")
    async with running() as run:
        await LLMJudge(backend, tournament=given, swap="both").rank(PROBLEM, letters("ab"), run)
    assert dict(given.verdicts[0].votes) == {"a": 0.5}


@pytest.mark.parametrize("swap", ["none", "both"])
async def test_no_ordered_pair_is_paid_twice_but_in_random_pairs(swap: Swap) -> None:
    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        judge = LLMJudge(backend, tournament=RoundRobin(), swap=swap)
        ranking = await judge.rank(PROBLEM, letters("abcd"), run)
    asked = [shown_in(request) for request, _ in backend.requests]
    assert len(asked) == len(set(asked))
    assert ranking.order == ("a", "b", "c", "d")

    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        pairs = LLMJudge(backend, tournament=RandomPairs(rounds=20), swap="both")
        await pairs.rank(PROBLEM, letters("abc"), run)
    drawn = [(shown_in(request), request.sample) for request, _ in backend.requests]
    assert len(set(drawn)) == len(drawn) == 40


@pytest.mark.parametrize("swap", ["none", "both"])
@pytest.mark.parametrize("name", NAMES)
async def test_every_tournament_can_be_judged(name: str, swap: Swap) -> None:
    backend = ScriptedBackend(alphabetical)
    async with running(copies={"d": 3}) as run:
        judge = LLMJudge(backend, tournament=tournament_named(name), swap=swap)
        ranking = await judge.rank(PROBLEM, letters("dcab"), run)
    if name != "daj":  # eight random pairs may miss somebody
        assert ranking.order[0] == "a"
        asked = [shown_in(request) for request, _ in backend.requests]
        assert len(asked) == len(set(asked))
    assert sorted(ranking.order) == ["a", "b", "c", "d"]
    assert len(ranking.comparisons) == len(backend.requests)


async def test_three_candidates_in_one_prompt() -> None:
    given = Given([matches("cab")])
    async with running() as run:
        judge = LLMJudge(ScriptedBackend(alphabetical), tournament=given)
        ranking = await judge.rank(PROBLEM, letters("abc"), run)
    assert ranking.comparisons[0].winner == "a"


async def test_an_abstention_is_asked_again_once_as_a_fresh_sample() -> None:
    backend = ScriptedBackend(lambda r: vote(2) if r.sample % 2 else "Hard to say.")
    given = Given([[*matches("ab"), *matches("ab", sample=1)]])
    async with running() as run:
        ranking = await LLMJudge(backend, tournament=given).rank(PROBLEM, letters("ab"), run)
    assert sorted(request.sample for request, _ in backend.requests) == [0, 1, 2, 3]
    assert [c.attempts for c in ranking.comparisons] == [2, 2]
    assert {c.winner for c in ranking.comparisons} == {"b"}
    assert ranking.usage.calls == 4


async def test_what_abstains_twice_is_recorded_and_counted() -> None:
    given = Given([matches("ab", "bc", "ca")])
    backend = ScriptedBackend(lambda r: "<selection>9</selection>" if "c" in shown_in(r) else ":")
    async with running() as run:
        ranking = await LLMJudge(backend, tournament=given).rank(PROBLEM, letters("abc"), run)
    assert len(backend.requests) == 6
    assert [c.winner for c in ranking.comparisons] == [None] * 3
    assert ranking.comparisons[0].error == "no verdict"
    assert ranking.comparisons[1].error == "index out of range: 9 of 2"
    assert [v.asked for v in given.verdicts] == [True] * 3
    assert ranking.abstained == (
        "none of 3 comparisons gave a verdict: 2 times index out of range, 1 times no verdict"
    )


@pytest.mark.parametrize(
    ("status", "calls"),
    [
        ("length", 2),
        ("refusal", 2),
        ("empty", 2),
        ("malformed", 2),
        ("stalled", 1),
        ("context_overflow", 1),
        ("unavailable", 1),
    ],
)
async def test_failed_replies_are_abstentions(status: ReplyStatus, calls: int) -> None:
    failed = Reply(text=vote(1), status=status, usage=Usage(calls=1))
    backend = ScriptedBackend(lambda request: failed)
    async with running() as run:
        ranking = await LLMJudge(backend).rank(PROBLEM, letters("ab"), run)
    assert len(backend.requests) == ranking.comparisons[0].attempts == calls
    assert ranking.comparisons[0].winner is None
    assert ranking.comparisons[0].error.startswith(status)
    assert status in (ranking.abstained or "")


async def test_reasoning_apart_is_kept_and_not_read() -> None:
    reply = Reply(text=vote(2), reasoning="First I thought <selection>1</selection>.")
    async with running() as run:
        judge = LLMJudge(ScriptedBackend(lambda request: reply), tournament=Given([matches("ab")]))
        ranking = await judge.rank(PROBLEM, letters("ab"), run)
    assert ranking.comparisons[0].winner == "b"
    assert ranking.comparisons[0].reasoning == f"{reply.reasoning}\n\n{reply.text}"


async def test_a_shared_first_place_is_said() -> None:
    given = Given([matches("ab", "ba")])
    async with running() as run:
        judge = LLMJudge(ScriptedBackend(first_slot), tournament=given)
        ranking = await judge.rank(PROBLEM, letters("ab"), run)
    assert ranking.abstained == "2 candidates share the first place"


async def test_the_budget_ends_the_tournament_with_the_best_so_far() -> None:
    backend = ScriptedBackend(alphabetical)
    given = Given([matches("ab", "bc"), matches("ca", "ac"), matches("bc")])
    async with running(budget=Budget(calls=3)) as run:
        ranking = await LLMJudge(backend, tournament=given).rank(PROBLEM, letters("abc"), run)
    assert len(backend.requests) == len(ranking.comparisons) == 3
    assert ranking.stopped_by == "calls"
    assert ranking.order[0] == "a"
    assert [v.asked for v in given.verdicts] == [True, True, True, False]


async def test_without_any_budget_nothing_is_asked_and_it_says_so() -> None:
    backend = ScriptedBackend(alphabetical)
    async with running(deadline=Deadline.after(0)) as run:
        ranking = await LLMJudge(backend).rank(PROBLEM, letters("abc"), run)
    assert not backend.requests
    assert ranking.stopped_by == "seconds"
    assert ranking.abstained == "no comparison could be made within time and budget"
    assert sorted(ranking.order) == ["a", "b", "c"]


async def test_a_deadline_between_batches_stops_new_calls() -> None:
    backend = ScriptedBackend(alphabetical)

    class UntilAsked(Deadline):
        @property
        def remaining(self) -> float:
            return 0.0 if backend.requests else 60.0

    given = Given([matches("ab"), matches("bc")])
    async with running(deadline=UntilAsked()) as run:
        ranking = await LLMJudge(backend, tournament=given).rank(PROBLEM, letters("abc"), run)
    assert len(backend.requests) == 1
    assert ranking.stopped_by == "seconds"
    assert ranking.order[0] == "a"


async def test_copies_count_beforehand() -> None:
    given = Given([])
    async with running(copies={"b": 6}) as run:
        judge = LLMJudge(ScriptedBackend(alphabetical), tournament=given)
        ranking = await judge.rank(PROBLEM, letters("abc"), run)
    assert given.prior["b"] > 1.5
    assert given.prior["a"] == given.prior["c"] < -0.5
    assert ranking.comparisons == ()


async def test_what_was_asked_and_answered_is_written_down() -> None:
    events: list[Event] = []
    candidates = [*letters("ab"), Candidate(id="c", code="x" * 999, kind="answer")]
    given = Given([matches("ac")])
    async with running(on_event=events.append) as run:
        judge = LLMJudge(ScriptedBackend(first_slot), tournament=given, max_chars=400)
        ranking = await judge.rank(PROBLEM, candidates, run)
    noted = next(event for event in events if isinstance(event, Noted))
    assert noted.kind == "judge"
    assert noted.body["template"] == judge.prompt_for(candidates).record
    assert noted.body["entrants"] == ["a", "b", "c"]
    call = next(event for event in events if isinstance(event, CallStarted))
    assert call.label["shown"] == ["a", "c"]
    assert call.label["left_out"] == {"c": 599}
    assert call.label["template"] == noted.body["template"]
    made = next(event for event in events if isinstance(event, ComparisonMade))
    assert made.comparison == ranking.comparisons[0]
    assert (made.problem, made.judge) == ("letter", judge.name)


async def test_a_repeated_run_pays_for_nothing_again(tmp_path: Path) -> None:
    async def once() -> tuple[Ranking, int]:
        backend = ScriptedBackend(alphabetical, identity="the same")
        async with running(journal=tmp_path / "run.db") as run:
            ranking = await LLMJudge(backend).rank(PROBLEM, letters("abcd"), run)
        return ranking, len(backend.requests)

    first, paid = await once()
    again, paid_again = await once()
    assert (paid, paid_again) == (8, 0)
    assert again.order == first.order
    assert all(comparison.recorded for comparison in again.comparisons)
    assert not any(comparison.recorded for comparison in first.comparisons)
    assert again.usage == first.usage


async def test_a_model_that_can_never_be_asked_is_an_error() -> None:
    backend = ScriptedBackend(lambda request: RequestRejected("no such model", status=404))
    async with running() as run:
        with pytest.raises(RequestRejected, match="no such model"):
            await LLMJudge(backend).rank(PROBLEM, letters("abcd"), run)


async def test_a_template_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "short.jinja2"
    path.write_text(
        "{% for solution in solutions %}{{ solution }}\n{% endfor %}<selection>INDEX</selection>"
    )
    backend = ScriptedBackend(alphabetical)
    async with running() as run:
        ranking = await LLMJudge(backend, template=path).rank(PROBLEM, letters("ab"), run)
    assert ranking.order[0] == "a"
    assert backend.requests[0][0].messages[0].content.startswith("--- Solution 1 [")
    path.write_text("{{ solutions }}")
    with pytest.raises(FormatError, match=r"short\.jinja2"):
        LLMJudge(backend, template=path)


def test_settings_are_checked() -> None:
    backend = ScriptedBackend([])
    for field_name, settings in {
        "tournament": {"tournament": "daj"},
        "swap": {"swap": "sometimes"},
        "evidence": {"evidence": "all"},
        "max_chars": {"max_chars": 10},
        "sampling": {"sampling": {"temperature": 0}},
    }.items():
        with pytest.raises(InvalidInput, match=rf"LLMJudge\.{field_name}"):
            LLMJudge(backend, **settings)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"backend_named"):
        LLMJudge("openai/some-model")  # type: ignore[arg-type]


def test_models_can_be_named(tmp_path: Path) -> None:
    judge = judge_named("openai/some-model")
    assert isinstance(judge, LLMJudge)
    assert judge.name == "openai/some-model"
    assert judge_named("vllm/some/model").name == "vllm/some/model"
    with pytest.raises(InvalidInput, match="openai/<model>"):
        judge_named("gpt")
