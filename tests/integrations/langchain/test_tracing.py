"""Runs below runs, and whose tokens are streamed."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict
from uuid import UUID

import pytest
from langchain_bestofn import BestOfNChatModel
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
)
from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from bestofn import LLMJudge
from bestofn.testing import FaultyServer, ScriptedBackend, faults

pytestmark = pytest.mark.anyio

N = 3


class Tree(BaseTracer):
    """Keeps the finished root run with all below it."""

    root: Run

    def _persist_run(self, run: Run) -> None:
        self.root = run


def shape(run: Run) -> tuple[str, str, int]:
    return run.run_type, run.name, len(run.child_runs)


def check_tree(root: Run, message: Any) -> None:
    assert shape(root) == ("llm", "BestOfNChatModel", N + 1)
    *samples, choice = sorted(root.child_runs, key=lambda run: run.name == "bestofn select")
    assert sorted(map(shape, samples)) == [("llm", f"sample {k}", 0) for k in range(N)]
    assert all("nostream" in run.tags for run in samples)
    numbers = {run.extra["metadata"]["bestofn_sample"] for run in samples}
    assert numbers == set(range(N))
    assert shape(choice) == ("chain", "bestofn select", 8)
    assert set(choice.inputs) == {"problem", "candidates"}
    assert choice.outputs["best"] == message.response_metadata["bestofn"]["best"]
    assert {run.run_type for run in choice.child_runs} == {"llm"}
    assert all(run.end_time and not run.error for run in [root, *samples, *choice.child_runs])
    assert all("<selection>" in str(run.outputs) for run in choice.child_runs)


def test_samples_and_judgments_are_runs_below(chat):
    tree = Tree()
    message = BestOfNChatModel(model=chat, n=N).invoke("Hello", {"callbacks": [tree]})
    check_tree(tree.root, message)


async def test_samples_and_judgments_are_runs_below_async(chat):
    tree = Tree()
    message = await BestOfNChatModel(model=chat, n=N).ainvoke("Hello", {"callbacks": [tree]})
    check_tree(tree.root, message)


def test_so_they_are_in_streams(chat):
    tree = Tree()
    chunks = list(BestOfNChatModel(model=chat, n=N).stream("Hello", {"callbacks": [tree]}))
    check_tree(tree.root, chunks[-1])
    tokens = [event for event in tree.root.events if event["name"] == "new_token"]
    assert len(tokens) == len(chunks)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_judgments_that_langchain_knows_nothing_of_are_runs_too(chat, asynchronous):
    judge = LLMJudge(ScriptedBackend(lambda request: "<selection>1</selection>"))
    model = BestOfNChatModel(model=chat, n=N, judge=judge)
    tree = Tree()
    config = {"callbacks": [tree]}
    message = (
        await model.ainvoke("Hello", config) if asynchronous else model.invoke("Hello", config)
    )
    check_tree(tree.root, message)


async def test_judgments_from_a_journal_are_runs_too(chat, tmp_path):
    judge = LLMJudge(ScriptedBackend(lambda request: "<selection>1</selection>", identity="one"))
    model = BestOfNChatModel(model=chat, n=N, judge=judge, journal=tmp_path / "calls.db")
    await model.ainvoke("Hello")
    tree = Tree()
    await model.ainvoke("Hello", {"callbacks": [tree]})
    (choice,) = tree.root.child_runs  # samples were not drawn anew
    assert len(choice.child_runs) == 8


def test_failures_are_seen_where_they_happened(chat_at):
    tree = Tree()
    with FaultyServer([faults.error(500, "Broken")], answer="yes").in_process() as server:
        model = BestOfNChatModel(model=chat_at(server.url), n=N)
        model.invoke("Hello", {"callbacks": [tree]})
    assert tree.root.error is None
    failed = [run for run in tree.root.child_runs if run.error]
    assert len(failed) == 1
    assert "Broken" in failed[0].error


def test_inherited_tags_and_metadata_reach_the_samples(chat):
    tree = Tree()
    config = {"callbacks": [tree], "tags": ["mine"], "metadata": {"user": "u1"}}
    BestOfNChatModel(model=chat, n=N).invoke("Hello", config)
    for run in tree.root.child_runs:
        assert "mine" in run.tags
        assert run.extra["metadata"]["user"] == "u1"


class Asynchronous(AsyncCallbackHandler):
    """Counts by await."""

    def __init__(self) -> None:
        self.started = 0

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.started += 1


async def test_handlers_may_be_asynchronous(chat):
    handler = Asynchronous()
    await BestOfNChatModel(model=chat, n=N).ainvoke("Hello", {"callbacks": [handler]})
    assert handler.started == 1 + N + 8


def test_counters_by_model_count_each_call_once(chat):
    counter = UsageMetadataCallbackHandler()
    message = BestOfNChatModel(model=chat, n=N).invoke("Hello", {"callbacks": [counter]})
    sum_of_all = counter.usage_metadata.pop(f"best-of-{N}/openai/loopback")
    (real,) = counter.usage_metadata.values()
    assert real["total_tokens"] == sum_of_all["total_tokens"]
    assert message.usage_metadata["total_tokens"] == real["total_tokens"]


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def graph(model: BestOfNChatModel) -> Any:
    def answer(state: Talk) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    async def aanswer(state: Talk) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    builder = StateGraph(Talk)
    builder.add_node("answer", RunnableLambda(answer, aanswer))
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile()


def check_stream(pieces: list[Any]) -> None:
    text = "".join(piece.text for piece in pieces)
    assert len(pieces) > 1
    assert len({piece.id for piece in pieces}) == 1
    assert text.count("The cat sat down") == 1  # one answer, not n
    assert sum(piece.usage_metadata is not None for piece in pieces) == 1


def test_langgraph_streams_the_chosen_answer_alone(chat):
    stream = graph(BestOfNChatModel(model=chat, n=N)).stream(
        {"messages": [("user", "Hello")]}, stream_mode="messages"
    )
    check_stream([piece for piece, _ in stream])


async def test_langgraph_streams_the_chosen_answer_alone_async(chat):
    stream = graph(BestOfNChatModel(model=chat, n=N)).astream(
        {"messages": [("user", "Hello")]}, stream_mode="messages"
    )
    check_stream([piece async for piece, _ in stream])


async def test_events_hold_the_pieces_of_the_chosen_answer_alone(chat):
    events = [e async for e in BestOfNChatModel(model=chat, n=N).astream_events("Hello")]
    pieces = [e["data"]["chunk"] for e in events if e["event"] == "on_chat_model_stream"]
    check_stream(pieces)
    ended = [e["name"] for e in events if e["event"] == "on_chat_model_end"]
    assert sorted(ended)[:1] == ["BestOfNChatModel"]
    assert len(ended) == 1 + N + 8


class Roots(BaseCallbackHandler):
    """Keeps the parents of every model run."""

    def __init__(self) -> None:
        self.parents: list[UUID | None] = []

    def on_chat_model_start(self, *args: Any, parent_run_id: UUID | None = None, **kw: Any) -> None:
        self.parents.append(parent_run_id)


def test_each_call_of_a_batch_has_runs_of_its_own(chat):
    handler = Roots()
    model = BestOfNChatModel(model=chat, n=N, judge="first")
    model.batch(["one", "two"], {"callbacks": [handler]})
    assert handler.parents.count(None) == 2
    assert len(set(handler.parents)) == 3
