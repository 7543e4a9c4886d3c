"""Servers that do not draw several replies at once: what came is kept before more is paid."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bestofn.backends import OpenAIBackend
from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply
from bestofn.errors import InvalidInput, RequestRejected
from bestofn.events import CallFinished, CallStarted, Event
from bestofn.journal import read_journal
from bestofn.testing import FaultyServer, Received
from bestofn.testing import faults as do
from bestofn.types import Usage

from .scripted import Scripted

pytestmark = pytest.mark.anyio

ASK = ChatRequest.ask("a")


class Few(Scripted):
    """Gives so many at most; the gate holds back what follows the first request."""

    most = 1

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        gate, self.gate = self.gate, self.gate if self.asked else None
        asking = super().ask(request, n)
        try:
            replies = (await asking)[: self.most]
        finally:
            self.gate = self.gate or gate
        if n > 1 and self.most == 1:
            replies = [replace(reply, ignored=("n",)) for reply in replies]
        return replies


def samples(path: Path) -> list[int]:
    with read_journal(path) as reader:
        return sorted(entry.request.sample for entry in reader.entries())


@pytest.mark.parametrize("most", [1, 3])
async def test_the_rest_is_asked_for(most: int) -> None:
    backend = Few()
    backend.most = most
    seen: list[Event] = []
    async with Calls(budget=Budget(calls=8), on_event=seen.append) as calls:
        replies = await calls.ask(backend, ASK, n=8)
        assert [reply.text for reply in replies] == [f"a {i}" for i in range(8)]
        assert calls.usage.calls == 8
        assert calls.stopped_by is None
    assert backend.asked == [("a", 0, 8), *(("a", i, 1) for i in range(most, 8))]
    assert {reply.ignored for reply in replies} == {("n",) if most == 1 else ()}
    started = [event.n for event in seen if isinstance(event, CallStarted)]
    finished = [len(event.replies) for event in seen if isinstance(event, CallFinished)]
    assert started == [8, *[1] * (8 - most)]
    assert finished == [most, *[1] * (8 - most)]


async def test_what_came_is_kept_when_the_asker_is_cancelled(tmp_path: Path) -> None:
    def script(received: Received) -> do.Step | None:
        return do.stall() if received.number >= 4 else None

    path = tmp_path / "run.db"
    async with FaultyServer(script, most_choices=1) as server:
        finished = asyncio.Semaphore(0)

        def listen(event: Event) -> None:
            if isinstance(event, CallFinished):
                finished.release()

        async with Calls(journal=path, on_event=listen) as calls:
            backend = OpenAIBackend("x", base_url=server.url)
            asking = asyncio.create_task(calls.ask(backend, ASK, n=8))
            for _ in range(4):
                await finished.acquire()
            assert len(samples(path)) == 4, "committed before the others have come"
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert calls.usage.calls == server.choices == 4
    assert len(samples(path)) == 4


async def test_what_came_is_kept_when_a_later_one_is_rejected(tmp_path: Path) -> None:
    def script(received: Received) -> do.Step | None:
        return do.wrong_key() if received.number == 7 else None

    path = tmp_path / "run.db"
    async with FaultyServer(script, most_choices=1) as server, Calls(journal=path) as calls:
        backend = OpenAIBackend("x", base_url=server.url, max_concurrency=1)
        with pytest.raises(RequestRejected, match="401"):
            await calls.ask(backend, ASK, n=8)
        assert calls.usage.calls == server.choices == 7
        assert len(samples(path)) == 7
        assert len(await calls.ask(backend, ASK, n=8)) == 8
        assert calls.usage.calls == server.choices == 8


async def test_nobody_gets_the_room_of_the_rest() -> None:
    backend = Few()
    others: list[asyncio.Task[list[Reply]]] = []

    def listen(event: Event) -> None:
        if isinstance(event, CallFinished):
            others.append(asyncio.create_task(calls.ask(backend, ChatRequest.ask("b"))))

    async with Calls(budget=Budget(calls=4), on_event=listen) as calls:
        assert len(await calls.ask(backend, ASK, n=8)) == 4
        assert await asyncio.gather(*others) == [[]] * 4
        assert (calls.usage.calls, calls.stopped_by) == (4, "calls")


async def test_the_rest_ends_with_the_budget() -> None:
    """Eight looked cheap enough before the first cost was known."""
    backend = Few()
    sampling = replace(ASK.sampling, max_tokens=1)
    async with Calls(budget=Budget(tokens=50)) as calls:
        replies = await calls.ask(backend, replace(ASK, sampling=sampling), n=8)
        assert [reply.text for reply in replies] == ["a 0", "a 1", "a 2"]
        assert calls.stopped_by == "tokens"
        assert calls.usage.calls == 3


async def test_askers_share_the_rest_and_may_leave() -> None:
    backend = Few(gate=asyncio.Event())
    assert backend.gate is not None
    async with Calls() as calls:
        early = asyncio.create_task(calls.ask(backend, ASK, n=4))
        twin = asyncio.create_task(calls.ask(backend, ASK, n=4))
        for _ in range(4):
            await backend.waiting.acquire()
        late = asyncio.create_task(calls.ask(backend, replace(ASK, sample=2), n=2))
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.wait([early])
        assert backend.cancelled == 0
        twin.cancel()
        await asyncio.wait([twin])
        await asyncio.sleep(0)
        assert backend.cancelled == 1, "only the draw that nobody else waits for"
        backend.gate.set()
        assert [reply.text for reply in await late] == ["a 2", "a 3"]
        assert calls.usage.calls == 3
    assert len(backend.asked) == 4


async def test_closing_gives_up_the_rest(tmp_path: Path) -> None:
    backend = Few(gate=asyncio.Event())
    async with Calls(journal=tmp_path / "run.db") as calls:
        asking = asyncio.create_task(calls.ask(backend, ASK, n=4))
        for _ in range(4):
            await backend.waiting.acquire()
    with pytest.raises(InvalidInput, match="closed"):
        await asking
    assert backend.cancelled == 3
    assert samples(tmp_path / "run.db") == [0]


async def test_the_rest_waits_in_line_until_nobody_wants_it() -> None:
    backend, slow = Few(), Scripted(gate=asyncio.Event(), identity="slow")
    backend.reply = lambda _: Reply(text="a", usage=Usage(calls=1, output_tokens=110))
    assert slow.gate is not None
    sampling = replace(ASK.sampling, max_tokens=1000)
    async with Calls(budget=Budget(tokens=1300)) as calls:
        holding = asyncio.create_task(calls.ask(slow, replace(ASK, sampling=sampling)))
        await slow.waiting.acquire()  # at least 1000 of the 1300 are held by a guess
        short = replace(sampling, max_tokens=1)
        asking = asyncio.create_task(calls.ask(backend, replace(ASK, sampling=short), n=4))
        for _ in range(30):
            await asyncio.sleep(0)
        had = len(backend.asked)
        assert 1 <= had < 4
        assert not asking.done(), "the room that the other call holds may yet be free"
        asking.cancel()
        await asyncio.wait([asking])
        slow.gate.set()
        assert len(await holding) == 1
        for _ in range(30):
            await asyncio.sleep(0)
        assert len(backend.asked) == had
        assert calls.stopped_by is None


async def test_nothing_more_is_asked_once_the_asker_has_gone(tmp_path: Path) -> None:
    """The journal is held back by another process while the first reply is being kept."""
    path = tmp_path / "run.db"
    backend = Few()
    for leaves in (True, False):
        async with Calls(journal=path) as calls:
            await calls.ask(backend, ChatRequest.ask(f"before {leaves}"))
            await backend.waiting.acquire()
            blocker = sqlite3.connect(path, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            asking = asyncio.create_task(calls.ask(backend, ChatRequest.ask(str(leaves)), n=4))
            await backend.waiting.acquire()
            for _ in range(5):
                await asyncio.sleep(0)
            if leaves:
                asking.cancel()
                await asyncio.wait([asking])
            closing = asyncio.create_task(calls.__aexit__(None, None, None))
            await asyncio.sleep(0)
            blocker.execute("ROLLBACK")
            blocker.close()
            await closing
        with pytest.raises(asyncio.CancelledError if leaves else InvalidInput):
            await asking
    assert [n for _, _, n in backend.asked] == [1, 4, 1, 4]
    assert samples(path) == [0] * 4
