"""From a problem to a chosen program, with models that are scripts."""

from __future__ import annotations

import anyio
import pytest

from bestofn import (
    Budget,
    Calls,
    InvalidInput,
    LLMJudge,
    NoCandidate,
    Problem,
    Ranking,
    abest_of_n,
    aselect,
    best_of_n,
    select,
)
from bestofn.backends import OpenAIBackend
from bestofn.events import CallFinished, ComparisonMade, Event, SelectionMade
from bestofn.policies import ChatPolicy
from bestofn.testing import FaultyServer, ScriptedBackend, either, judging, programming
from bestofn.tournaments import RoundRobin

RIGHT = "a, b = map(int, input().split())\nprint(a + b)\n"
WRONG = "a, b = map(int, input().split())\nprint(a - b)\n"
ODD = "a, b = map(int, input().split())\nprint(a * b)\n"
PROBLEM = Problem(id="sum", statement="Print the sum of the two numbers A B on one line.")

pytestmark = pytest.mark.anyio


def block(code: str) -> str:
    return f"```python\n{code}```"


def policy(*replies: str) -> ChatPolicy:
    return ChatPolicy(ScriptedBackend(list(replies)))


async def test_the_best_of_what_was_drawn() -> None:
    drawn = [block(WRONG), block(RIGHT), "I cannot.", block(RIGHT + "# again\n"), block(ODD)]
    selection = await abest_of_n(PROBLEM, policy=policy(*drawn), n=5)
    assert [candidate.id for candidate in selection.candidates] == ["0", "1", "2", "3", "4"]
    assert selection.best.code.strip() == RIGHT.strip()
    assert selection.usage.calls == 5
    assert {r.id: r.by for r in selection.rejected} == {"2": "no_code", "3": "duplicates"}


async def test_nothing_drawn_is_an_error_that_keeps_the_replies() -> None:
    with pytest.raises(NoCandidate, match="none of the 2 replies") as raised:
        await abest_of_n(PROBLEM, policy=policy("No.", "Never."), n=2)
    assert [candidate.text for candidate in raised.value.drawn] == ["No.", "Never."]


async def test_one_budget_for_drawing_and_judging() -> None:
    model = either(judging("right", right=[RIGHT]), programming([WRONG, RIGHT, ODD]))
    async with (
        FaultyServer(answer=model) as server,
        Calls(budget=Budget(calls=5)) as calls,
    ):
        backend = OpenAIBackend("any", base_url=server.url, api_key="any")
        selection = await abest_of_n(
            PROBLEM,
            policy=ChatPolicy(backend),
            n=3,
            judge=LLMJudge(backend, tournament=RoundRobin(), swap="both"),
            calls=calls,
        )
        assert server.choices == 5
        assert calls.usage.calls == 5
    assert selection.stopped_by == "calls"
    assert selection.usage.calls == 5


async def test_events_tell_the_whole_story() -> None:
    heard: list[Event] = []
    backend = ScriptedBackend(["<selection>2</selection>"] * 9)
    async with Calls(on_event=heard.append) as calls:
        await aselect(
            PROBLEM,
            [WRONG, RIGHT, ODD],
            judge=LLMJudge(backend, tournament=RoundRobin(orders="one")),
            calls=calls,
        )
    assert sum(isinstance(event, CallFinished) for event in heard) == 3
    assert sum(isinstance(event, ComparisonMade) for event in heard) == 3
    [made] = [event for event in heard if isinstance(event, SelectionMade)]
    assert made.problem == "sum"
    assert made is heard[-1]


async def test_the_synchronous_twin_works_inside_a_loop() -> None:
    selection = best_of_n(PROBLEM, policy=policy(block(RIGHT), block(WRONG)), n=2)
    assert len(selection.candidates) == 2


async def test_open_calls_belong_to_their_loop() -> None:
    async with Calls() as calls:
        with pytest.raises(InvalidInput, match="calls: is open in another event loop"):
            best_of_n(PROBLEM, policy=policy(block(RIGHT)), n=1, calls=calls)
        with pytest.raises(InvalidInput, match="calls: is open in another event loop"):
            select(PROBLEM, [RIGHT, WRONG], calls=calls)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 2.5}, "n"),
        ({"policy": object()}, "policy"),
        ({"policy": "gpt"}, "backend"),
        ({"calls": object()}, "calls"),
        ({"seconds": "soon"}, "seconds"),
        ({"judge": "nobody"}, "judge"),
    ],
)
async def test_bad_settings_are_named(settings: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        await abest_of_n(PROBLEM, **{"policy": policy("x"), **settings})  # type: ignore[arg-type]
    assert raised.value.field == field


async def test_a_model_is_not_hurried_and_the_embedded_judge_is(
    anyio_backend: str,
) -> None:
    """No bound in time for a judge that asks models; the default bound for one that does not."""

    class Watcher:
        name = "watcher"
        remaining = 0.0

        async def rank(self, problem, candidates, run):  # type: ignore[no-untyped-def]
            self.remaining = run.deadline.remaining
            order = tuple(candidate.id for candidate in candidates)
            return Ranking(order=order, scores=dict.fromkeys(order, 0.0))

    class Asker(Watcher):
        asks_models = True

    for kind, bound in ((Watcher, 30.0), (Asker, float("inf"))):
        judge = kind()
        with anyio.fail_after(60):
            await aselect(PROBLEM, [RIGHT, WRONG], judge=judge)
        assert judge.remaining == pytest.approx(bound, abs=10)
