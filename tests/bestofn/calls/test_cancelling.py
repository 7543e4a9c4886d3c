from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply
from bestofn.concurrency import gather
from bestofn.errors import InvalidInput
from bestofn.events import CallFailed, Event
from bestofn.journal import read_journal

from .scripted import Scripted

pytestmark = pytest.mark.anyio


def ask(text: str) -> ChatRequest:
    return ChatRequest.ask(text)


async def steps(number: int) -> None:
    """Let the other tasks go on: each step is one round of the loop."""
    for _ in range(number):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[object]]:
    """Tasks that the code under test left behind; the test runner has one of its own."""
    return {
        task
        for task in asyncio.all_tasks() - {asyncio.current_task()}
        if "_pytest" not in repr(task) and "TestRunner" not in repr(task)
    }


def journaled(path: Path) -> list[str]:
    with read_journal(path) as reader:
        return [entry.reply.text for entry in reader.entries()]


async def test_an_unanswered_call_is_given_up_and_its_room_is_free(backend: Scripted) -> None:
    backend.gate = asyncio.Event()
    seen: list[Event] = []
    async with Calls(budget=Budget(calls=1), on_event=seen.append) as calls:
        asking = asyncio.create_task(calls.ask(backend, ask("a")))
        await backend.waiting.acquire()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await steps(3)
        assert backend.cancelled == 1
        backend.gate.set()
        (reply,) = await calls.ask(backend, ask("a"))
        assert reply.text == "a 0"
        assert calls.usage.calls == 1
    assert [event.error_type for event in seen if isinstance(event, CallFailed)] == [
        "CancelledError"
    ]


async def test_a_call_that_another_waits_for_goes_on(backend: Scripted) -> None:
    backend.gate = asyncio.Event()
    async with Calls() as calls:
        first = asyncio.create_task(calls.ask(backend, ask("a")))
        await backend.waiting.acquire()
        second = asyncio.create_task(calls.ask(backend, ask("a")))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        backend.gate.set()
        assert [reply.text for reply in await second] == ["a 0"]
    assert (len(backend.asked), backend.cancelled) == (1, 0)


async def test_a_reply_that_has_arrived_is_committed_though_nobody_waits(
    backend: Scripted, tmp_path: Path
) -> None:
    """The journal is held back by another process while the asker is cancelled."""
    path = tmp_path / "run.db"
    async with Calls(journal=path) as calls:
        await calls.ask(backend, ask("before"))
        await backend.waiting.acquire()
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        asking = asyncio.create_task(calls.ask(backend, ask("a")))
        await backend.waiting.acquire()
        await steps(5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        blocker.execute("ROLLBACK")
        blocker.close()
    assert journaled(path) == ["before 0", "a 0"]
    assert calls.usage.calls == 2


async def test_leaving_under_cancellation_commits_and_closes(
    backend: Scripted, tmp_path: Path
) -> None:
    """An anyio scope cancels again at every await; closing goes on regardless."""
    path = tmp_path / "run.db"
    held = Scripted(identity="held", gate=asyncio.Event())
    blocker: sqlite3.Connection | None = None
    with anyio.CancelScope() as scope:
        async with Calls(journal=path) as calls:
            await calls.ask(backend, ask("before"))
            await backend.waiting.acquire()
            blocker = sqlite3.connect(path, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")

            async def cancel() -> None:
                await held.waiting.acquire()
                await backend.waiting.acquire()
                await steps(5)
                scope.cancel()
                blocker.execute("ROLLBACK")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(calls.ask, backend, ask("a"))
                tasks.start_soon(calls.ask, held, ask("b"))
                tasks.start_soon(cancel)
    assert blocker is not None
    blocker.close()
    assert scope.cancelled_caught
    assert journaled(path) == ["before 0", "a 0"]
    assert (backend.closed, held.closed, held.cancelled) == (1, 1, 1)
    assert others() == set()


async def test_a_cancelled_task_still_closes_in_order(backend: Scripted, tmp_path: Path) -> None:
    backend.gate = asyncio.Event()
    path = tmp_path / "run.db"

    async def run() -> None:
        async with Calls(journal=path) as calls:
            await gather(lambda text: calls.ask(backend, ask(text)), "abc")

    running = asyncio.create_task(run())
    for _ in range(3):
        await backend.waiting.acquire()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (backend.cancelled, backend.closed) == (3, 1)
    assert others() == set()


async def test_a_session_that_hangs_at_closing_ends_with_a_cancellation() -> None:
    closing = asyncio.Event()

    class Stuck(Scripted):
        @asynccontextmanager
        async def session(self) -> AsyncIterator[Scripted]:
            yield self
            closing.set()
            await asyncio.Event().wait()

    async def run() -> None:
        async with Calls() as calls:
            await calls.ask(Stuck(), ask("a"))

    running = asyncio.create_task(run())
    await closing.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert others() == set()


async def test_closing_ends_those_who_still_ask(backend: Scripted) -> None:
    backend.gate = asyncio.Event()
    async with Calls(budget=Budget(tokens=100)) as calls:
        under_way = asyncio.create_task(calls.ask(backend, ask("a")))
        await backend.waiting.acquire()
        in_line = [asyncio.create_task(calls.ask(backend, ask(text))) for text in "bc"]
        await asyncio.sleep(0)
    for task in (under_way, *in_line):
        with pytest.raises(InvalidInput, match="was closed"):
            await task
    assert backend.cancelled == 1


async def test_who_gives_up_in_the_line_lets_the_next_go(backend: Scripted) -> None:
    backend.gate = asyncio.Event()
    async with Calls(budget=Budget(tokens=100)) as calls:
        under_way = asyncio.create_task(calls.ask(backend, ask("a")))
        await backend.waiting.acquire()
        in_line = [asyncio.create_task(calls.ask(backend, ask(text))) for text in "bcd"]
        await asyncio.sleep(0)
        in_line[0].cancel()
        in_line[1].cancel()
        await asyncio.wait(in_line[:2])
        backend.gate.set()
        assert len(await under_way) == len(await in_line[2]) == 1
    assert [text for text, _, _ in backend.asked] == ["a", "d"]


async def test_an_error_that_nobody_waits_for_is_told_to_the_loop(backend: Scripted) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    gate = asyncio.Event()
    backend.gate = gate

    class Deaf(Scripted):
        async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
            try:
                await super().ask(request, n)
            except asyncio.CancelledError as error:
                raise RuntimeError("cannot be cancelled") from error
            return []

    deaf = Deaf(gate=gate)
    async with Calls() as calls:
        asking = asyncio.create_task(calls.ask(deaf, ask("a")))
        await deaf.waiting.acquire()
        asking.cancel()
        await asyncio.wait([asking])
    gc.collect()
    assert len(told) == 1
