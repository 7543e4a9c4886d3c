from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

import anyio
import pytest

from bestofn.backends import OpenAIBackend, RetryPolicy
from bestofn.chat import ChatRequest
from bestofn.errors import BackendError
from bestofn.testing import FaultyServer, Received
from bestofn.testing import faults as do

pytestmark = pytest.mark.anyio
MakeBackend = Callable[..., OpenAIBackend]

ASK = ChatRequest.ask("Hello?")
LONG = RetryPolicy(attempts=3, first_wait=30, longest_wait=30)
"""A policy whose own waits no test would survive: only the server's wishes are short."""


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something has happened in it."""
    with anyio.fail_after(20):
        while not condition():
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    "step",
    [
        do.busy(),
        do.busy(seconds=0.01),
        do.busy(milliseconds=10),
        do.busy(status=503, seconds=0.01),
        do.error(529, "Overloaded"),
        do.error(408),
        do.error(409),
        do.error(500),
        do.hang_up(),
        do.hang_up(reset=True),
        do.half_body(),
        do.half_body(0.01),
        do.not_json(),
        do.broken_json(),
        do.no_choices(),
        do.no_choices([]),
        do.Send(status=200, body=b"[1]"),
        do.Send(status=200, body=b"[" * 100_000),
        do.Send(status=200, body=b"\xff\xfe\xfa"),
        do.Send(status=200, body=b""),
        do.Send(status=200, body=b'{"error": {"message": "upstream", "code": 502}}'),
        do.Send(status=502, body=b"<html><title>Bad gateway</title></html>"),
    ],
    ids=repr,
)
async def test_what_may_pass_is_repeated(backend: MakeBackend, step: do.Step) -> None:
    async with FaultyServer([step, step]) as server, backend(server).session() as session:
        [reply] = await session.ask(ASK)
        assert server.count == 3
    assert (reply.status, reply.attempts) == ("ok", 3)


@pytest.mark.parametrize(
    ("step", "status", "count", "words"),
    [
        (do.error(500, "Broken."), "unavailable", 3, "HTTP 500: Broken"),
        (do.busy(), "unavailable", 5, "Rate limit"),
        (do.error(503, "Loading model"), "unavailable", 5, "Loading model"),
        (do.hang_up(), "unavailable", 5, "no answer from http"),
        (do.not_json(), "malformed", 3, "not JSON"),
        (do.no_choices(), "malformed", 3, "null as 'choices'"),
        (do.Change(edit=lambda _body: {}), "malformed", 3, "no field 'choices'"),
        (do.half_body(), "unavailable", 5, "no answer"),
    ],
)
async def test_what_does_not_pass_is_recorded(
    backend: MakeBackend, step: do.Step, status: str, count: int, words: str
) -> None:
    policy = RetryPolicy(attempts=5, same_failures=3, first_wait=0.001, longest_wait=0.001)
    async with FaultyServer(do.forever(step)) as server:
        async with backend(server, retry=policy).session() as session:
            replies = await session.ask(ASK, n=2)
        assert server.count == count
    assert [reply.status for reply in replies] == [status, status]
    assert words in replies[0].error
    assert replies[0].attempts == count
    assert not replies[0].usable


async def test_failures_that_differ_are_not_the_same_failure(backend: MakeBackend) -> None:
    policy = RetryPolicy(attempts=6, same_failures=2, first_wait=0.001)

    def script(received: Received) -> do.Step:
        return do.error(500 + received.number % 2)

    async with FaultyServer(script) as server:
        async with backend(server, retry=policy).session() as session:
            [reply] = await session.ask(ASK)
        assert server.count == 6
    assert reply.status == "unavailable"


async def test_nobody_listens(backend: MakeBackend) -> None:
    async with FaultyServer() as server:
        made = backend(server)
    async with made.session() as session:
        with pytest.raises(BackendError, match="running") as raised:
            await session.ask(ASK)
    assert server.url in str(raised.value)


async def test_a_server_that_goes_away_is_unavailable(backend: MakeBackend) -> None:
    async with FaultyServer() as server, backend(server).session() as session:
        assert (await session.ask(ASK))[0].status == "ok"
        await server.__aexit__(None, None, None)
        [reply] = await session.ask(ASK)
    assert (reply.status, reply.attempts) == ("unavailable", 6)
    assert server.url in reply.error


@pytest.mark.parametrize(
    "step", [do.busy(seconds=0.05), do.busy(milliseconds=50), do.busy(date_in=1.5)]
)
async def test_the_servers_wish_replaces_the_own_wait(backend: MakeBackend, step: do.Step) -> None:
    async with FaultyServer([step]) as server, backend(server, retry=LONG).session() as session:
        started = time.monotonic()
        [reply] = await session.ask(ASK)
    assert reply.status == "ok"
    assert 0.045 < time.monotonic() - started < 15


@pytest.mark.parametrize("wish", ["-5", "1e9", "nan", "inf", "soon", "0", "", "9" * 400])
async def test_absurd_wishes_are_not_followed(backend: MakeBackend, wish: str) -> None:
    async with (
        FaultyServer([do.busy(seconds=wish)]) as server,
        backend(server).session() as session,
    ):
        with anyio.fail_after(20):
            [reply] = await session.ask(ASK)
    assert (reply.status, reply.attempts) == ("ok", 2)


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_a_hung_answer(backend: MakeBackend, share: float) -> None:
    async with FaultyServer(do.forever(do.stall(share))) as server:
        async with backend(server, stall_seconds=0.1).session() as session:
            [reply] = await session.ask(ASK)
        assert server.count == 2  # RetryPolicy.stalls
        await until(lambda: server.in_flight == 0)
        assert server.left == 2
    assert (reply.status, reply.attempts) == ("stalled", 2)


async def test_an_answer_that_never_ends(backend: MakeBackend) -> None:
    async with FaultyServer(do.forever(do.stall())) as server:
        policy = RetryPolicy(stalls=1)
        async with backend(server, longest_seconds=0.1, retry=policy).session() as session:
            [reply] = await session.ask(ASK)
    assert reply.status == "stalled"
    assert "0.1 seconds" in reply.error


async def test_a_garbled_protocol() -> None:
    async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        made = OpenAIBackend(
            "m", base_url=f"http://127.0.0.1:{port}/v1", retry=RetryPolicy(attempts=2, first_wait=0)
        )
        async with made.session() as session:
            [reply] = await session.ask(ASK)
    assert (reply.status, reply.attempts) == ("unavailable", 2)


# --- load ---------------------------------------------------------------------------------------


async def test_concurrency_backs_off_and_recovers(backend: MakeBackend) -> None:
    """A server with room for eight turns the rest away; in the end nearly all fit."""
    room = 8
    refused: list[int] = []

    def script(received: Received) -> do.Step | None:
        if server.in_flight > room - 1:  # this one not counted yet
            refused.append(received.number)
            return do.busy()
        return None

    policy = RetryPolicy(attempts=50, first_wait=0.001, longest_wait=0.02)
    async with (
        FaultyServer(script, latency=0.005) as server,
        backend(server, max_concurrency=64, retry=policy).session() as session,
    ):
        async with anyio.create_task_group() as tasks:
            for _ in range(64):
                tasks.start_soon(session.ask, ASK)
        assert refused
        assert session._limiter.limit < 64
        assert session._limiter.in_flight == 0
        del refused[:]
        server._script = ()  # the crowd has gone
        for _ in range(8):
            async with anyio.create_task_group() as tasks:
                for _ in range(64):
                    tasks.start_soon(session.ask, ASK)
        assert session._limiter.limit == 64
        assert server.most_in_flight == 64


async def test_no_more_than_allowed_at_once(backend: MakeBackend) -> None:
    async with FaultyServer(latency=0.005) as server:
        async with (
            backend(server, max_concurrency=5).session() as session,
            anyio.create_task_group() as tasks,
        ):
            for _ in range(40):
                tasks.start_soon(session.ask, ASK)
        assert server.count == 40
        assert server.most_in_flight == 5


# --- cancellation -------------------------------------------------------------------------------


async def test_cancelling_closes_the_request_and_leaves_nothing(backend: MakeBackend) -> None:
    async with FaultyServer(do.forever(do.stall())) as server:
        before = asyncio.all_tasks()
        async with backend(server, max_concurrency=4).session() as session:
            async with anyio.create_task_group() as tasks:
                for _ in range(10):
                    tasks.start_soon(session.ask, ASK, 2)
                await until(lambda: server.in_flight == 4)
                tasks.cancel_scope.cancel()
            await until(lambda: server.in_flight == 0)
            assert server.left == 4
            assert session._limiter.in_flight == 0
            assert not session._limiter._waiting
        assert asyncio.all_tasks() == before
        await until(lambda: not server._traffic.connections)
    gc.collect()  # a forgotten connection would warn, and warnings are errors here


async def test_cancelling_while_waiting_to_ask_again(backend: MakeBackend) -> None:
    async with FaultyServer(do.forever(do.error(500))) as server:
        async with backend(server, retry=LONG).session() as session:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.ask, ASK)
                await until(lambda: server.statuses[500] == 1 and not session._limiter.in_flight)
                tasks.cancel_scope.cancel()
            assert session._limiter.in_flight == 0
        assert server.count == 1


async def test_the_session_still_works_after_a_cancellation(backend: MakeBackend) -> None:
    async with (
        FaultyServer([do.stall()]) as server,
        backend(server, max_concurrency=1).session() as session,
    ):
        with anyio.move_on_after(20) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.ask, ASK)
                await until(lambda: server.in_flight == 1)
                scope.cancel()
        [reply] = await session.ask(ASK)
    assert reply.status == "ok"


# --- without aiohttp ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (None, "ok"),
        (do.stall(), "stalled"),
        (do.stall(0.5), "stalled"),
        (do.hang_up(reset=True), "unavailable"),
        (do.half_body(), "unavailable"),
        (do.not_json(), "malformed"),
    ],
)
async def test_the_slower_client_has_the_same_outcomes(
    backend: MakeBackend, monkeypatch: pytest.MonkeyPatch, step: do.Step | None, status: str
) -> None:
    import openai

    def missing(**_settings: object) -> None:
        raise RuntimeError("as the package says it when aiohttp is not installed")

    monkeypatch.setattr(openai, "DefaultAioHttpClient", missing)
    script: do.Script = [] if step is None else do.forever(step)
    async with FaultyServer(script) as server:
        async with backend(server, stall_seconds=0.1).session() as session:
            [reply] = await session.ask(ASK)
        await until(lambda: not server._traffic.connections)
    assert reply.status == status
