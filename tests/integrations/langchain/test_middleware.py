"""The agent middleware: every step of an agent is the best of n."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRequest
from langchain.agents.structured_output import ToolStrategy
from langchain_bestofn import BestOfNChatModel, BestOfNMiddleware
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import interrupt
from pydantic import BaseModel

from bestofn import BackendError, Budget, InvalidInput
from bestofn.testing import FaultyServer, faults

pytestmark = pytest.mark.anyio

N = 3
SLOW = 1.0


@tool
def weather(place: str) -> str:
    """The weather at a place."""
    return f"rain in {place}"


def told(message: Any) -> dict[str, Any]:
    return message.response_metadata["bestofn"]


def asked(text: str) -> dict[str, Any]:
    return {"messages": [("user", text)]}


def check_agent(result: dict[str, Any]) -> None:
    _, calling, seen, answer = result["messages"]
    assert calling.tool_calls[0]["args"] == {"place": "Hamburg"}
    assert told(calling)["samples"] == N
    assert [it["by"] for it in told(calling)["rejected"]] == ["duplicates"] * (N - 1)
    assert isinstance(seen, ToolMessage)
    assert seen.text == "rain in Hamburg"
    assert len(told(answer)["comparisons"]) == 8
    assert answer.usage_metadata["total_tokens"] > 0


def test_every_step_of_an_agent(provider, chat):
    agent = create_agent(chat, [weather], middleware=[BestOfNMiddleware(n=N)])
    check_agent(agent.invoke(asked("Hamburg")))
    assert provider.count == N + N + 8  # equal calls need no judge


async def test_every_step_of_an_agent_async(provider, chat):
    agent = create_agent(chat, [weather], middleware=[BestOfNMiddleware(n=N)])
    check_agent(await agent.ainvoke(asked("Hamburg")))
    assert provider.count == N + N + 8


def test_the_chat_model_serves_agents_too(chat):
    agent = create_agent(BestOfNChatModel(model=chat, n=N), [weather])
    check_agent(agent.invoke(asked("Hamburg")))


def test_samples_are_drawn_side_by_side(chat_at):
    with FaultyServer(answer="yes", latency=SLOW).in_process() as server:
        create_agent(chat_at(server.url), middleware=[BestOfNMiddleware(n=N)]).invoke(asked("?"))
        assert server.most_in_flight == server.count == N


async def test_samples_are_drawn_side_by_side_async(chat_at):
    async with FaultyServer(answer="yes", latency=SLOW) as server:
        agent = create_agent(chat_at(server.url), middleware=[BestOfNMiddleware(n=N)])
        await agent.ainvoke(asked("?"))
        assert server.most_in_flight == server.count == N


def test_the_system_prompt_and_the_tools_reach_the_judge(provider, chat):
    agent = create_agent(
        chat, [weather], system_prompt="Be brief.", middleware=[BestOfNMiddleware(n=N)]
    )
    agent.invoke(asked("Hamburg"))
    judged = provider.requests[-1].prompt
    assert "Be brief." in judged
    assert "The weather at a place." in judged
    assert "rain in Hamburg" in judged


PROGRAMS = itertools.cycle(
    (
        "```python\nprint(sum(map(int, input().split())))\n```",
        "```python\na, b = map(int, input().split())\nprint(a - b)\n```",
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```",
    )
)
TASK = "Read two integers and print their sum.\n\nExample input:\n2 3\nExample output:\n5"


def test_code_is_run_when_that_is_wanted(chat_at):
    middleware = BestOfNMiddleware(n=3, judge="consensus", candidates="program")
    with FaultyServer(answer=lambda received, index: next(PROGRAMS)).in_process() as server:
        agent = create_agent(chat_at(server.url), middleware=[middleware])
        answer = agent.invoke(asked(TASK))["messages"][-1]
    assert "a - b" not in answer.text
    assert told(answer)["isolation"] is not None


def test_tool_calls_are_not_run_as_programs(provider, chat):
    middleware = BestOfNMiddleware(n=N, judge="consensus", candidates="program")
    result = create_agent(chat, [weather], middleware=[middleware]).invoke(asked("Hamburg"))
    calling = result["messages"][1]
    assert calling.tool_calls
    assert told(calling)["judge"] == "self-consistency"


def test_failed_samples_are_left_out_and_named(chat_at):
    with FaultyServer([faults.error(500, "Broken")], answer="yes").in_process() as server:
        agent = create_agent(chat_at(server.url), middleware=[BestOfNMiddleware(n=N)])
        answer = agent.invoke(asked("?"))["messages"][-1]
    assert told(answer)["samples"] == N - 1
    assert "Broken" in told(answer)["failed"][0]["error"]


def test_when_all_fail_the_step_fails(chat_at):
    with FaultyServer(faults.forever(faults.error(500, "Broken"))).in_process() as server:
        agent = create_agent(chat_at(server.url), middleware=[BestOfNMiddleware(n=N)])
        with pytest.raises(BackendError, match="Broken"):
            agent.invoke(asked("?"))


class Place(BaseModel):
    """A place."""

    name: str


def test_structured_responses_go_with_their_message(chat):
    agent = create_agent(
        chat, response_format=ToolStrategy(Place), middleware=[BestOfNMiddleware(n=N)]
    )
    result = agent.invoke(asked("Hamburg"))
    assert result["structured_response"] == Place(name="Hamburg")
    assert any("bestofn" in m.response_metadata for m in result["messages"])


class Tree(BaseTracer):
    """Keeps every finished root run."""

    root: Run

    def _persist_run(self, run: Run) -> None:
        self.root = run


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_samples_are_runs_of_the_agents_step(chat, asynchronous):
    agent = create_agent(chat, middleware=[BestOfNMiddleware(n=N)])
    tree = Tree()
    config = {"callbacks": [tree]}
    if asynchronous:
        await agent.ainvoke(asked("Hello"), config)
    else:
        agent.invoke(asked("Hello"), config)
    (step,) = [run for run in tree.root.child_runs if run.name == "model"]
    kinds = sorted((run.run_type, "nostream" in (run.tags or ())) for run in step.child_runs)
    assert kinds == [("chain", False)] + [("llm", True)] * N
    (choice,) = [run for run in step.child_runs if run.run_type == "chain"]
    assert len(choice.child_runs) == 8


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_only_the_chosen_answer_is_streamed(chat, asynchronous):
    agent = create_agent(chat, middleware=[BestOfNMiddleware(n=N)])
    if asynchronous:
        stream = agent.astream(asked("Hello"), stream_mode="messages")
        pieces = [piece async for piece, _ in stream]
    else:
        pieces = [piece for piece, _ in agent.stream(asked("Hello"), stream_mode="messages")]
    assert [told(piece)["samples"] for piece in pieces] == [N]


def test_a_model_with_bound_arguments_is_asked_for_each_sample(provider, chat):
    bound = chat.model_copy(update={"cache": InMemoryCache()}).bind(seed=5, temperature=0.2)
    agent = create_agent(bound, middleware=[BestOfNMiddleware(n=N, judge="first")])
    for _ in range(2):
        agent.invoke(asked("Hello"))
    sent = [(it.body["seed"], it.body["temperature"]) for it in provider.requests]
    assert sorted(sent) == [(5, 0.2), (5, 0.2), (6, 0.2), (6, 0.2), (7, 0.2), (7, 0.2)]


def test_every_sample_may_be_a_best_of_n(provider, chat):
    inner = BestOfNChatModel(model=chat, n=2, judge="first")
    create_agent(inner, middleware=[BestOfNMiddleware(n=N, judge="first")]).invoke(asked("Hello"))
    assert provider.count == N * 2


class Pausing(AgentMiddleware):
    """Asks a human before every model call."""

    def wrap_model_call(self, request: ModelRequest, handler: Any) -> Any:
        assert interrupt("may I?") == "yes"
        return handler(request)


def test_an_interrupt_is_no_failed_sample(chat):
    agent = create_agent(
        chat, middleware=[BestOfNMiddleware(n=1), Pausing()], checkpointer=InMemorySaver()
    )
    config = {"configurable": {"thread_id": "1"}}
    stopped = agent.invoke(asked("Hello"), config)
    assert stopped["__interrupt__"][0].value == "may I?"
    from langgraph.types import Command

    result = agent.invoke(Command(resume="yes"), config)
    assert isinstance(result["messages"][-1], AIMessage)


def test_a_budget_caps_a_step(provider, chat):
    middleware = BestOfNMiddleware(n=N, budget=Budget(calls=N + 2))
    create_agent(chat, middleware=[middleware]).invoke(asked("Hello"))
    assert provider.count == N + 2


@pytest.mark.parametrize("settings", [{"n": 0}, {"judge": "nobody"}, {"judge": "consensus"}])
def test_settings_are_checked_when_it_is_made(settings):
    with pytest.raises(InvalidInput):
        BestOfNMiddleware(**settings)


async def test_cancelling_a_step_cancels_its_samples(chat_at):
    async with FaultyServer(faults.forever(faults.stall())) as server:
        agent = create_agent(chat_at(server.url), middleware=[BestOfNMiddleware(n=N)])
        asking = asyncio.create_task(agent.ainvoke(asked("Hello")))
        async with asyncio.timeout(20):
            while server.in_flight < N:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(5):
            while server.left < N:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
