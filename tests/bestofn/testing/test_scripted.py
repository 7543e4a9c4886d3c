"""A backend in this process."""

from __future__ import annotations

import asyncio

import pytest

from bestofn.backends.base import Backend
from bestofn.chat import ChatRequest, Reply
from bestofn.concurrency import gather
from bestofn.errors import BackendError, UnknownRequest
from bestofn.testing import ScriptedBackend

pytestmark = pytest.mark.anyio
ASK = ChatRequest.ask("Which one?", sample=3)


async def test_replies_in_turn() -> None:
    backend = ScriptedBackend(["one", "", Reply(text="", status="refusal")])
    assert isinstance(backend, Backend)
    async with backend.session() as session:
        first, second, third = await session.ask(ASK, 3)
        assert (first.text, first.status, first.usage.input_tokens) == ("one", "ok", 3)
        assert (second.status, second.usage.input_tokens) == ("empty", 0)
        assert third.status == "refusal"
        with pytest.raises(UnknownRequest, match="Which one"):
            await session.ask(ASK)
        assert backend.open_sessions == 1
    assert (backend.sessions, backend.open_sessions) == (1, 0)
    assert [n for _, n in backend.requests] == [3, 1]


async def test_a_function_sees_every_draw() -> None:
    async def reply(request: ChatRequest) -> str:
        await asyncio.sleep(0)
        return f"sample {request.sample}"

    backend = ScriptedBackend(reply)
    async with backend.session() as session:
        assert [one.text for one in await session.ask(ASK, 2)] == ["sample 3", "sample 4"]


async def test_errors_are_raised() -> None:
    async with ScriptedBackend(lambda _: BackendError("no")).session() as session:
        with pytest.raises(BackendError, match="no"):
            await session.ask(ASK)


async def test_requests_in_flight_are_counted() -> None:
    backend = ScriptedBackend(lambda _: "x", latency=0.01)
    async with backend.session() as session:
        await gather(lambda _: session.ask(ASK), range(20))
    assert (backend.in_flight, backend.most_in_flight) == (0, 20)


def test_no_two_are_taken_for_each_other() -> None:
    assert ScriptedBackend([]).identity != ScriptedBackend([]).identity
    assert ScriptedBackend([], identity="a").identity == "a"
