"""Clients that die in the middle: what was done for them ends too."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from starlette.responses import StreamingResponse

from ..conftest import chat
from ..wire import PATIENCE, head, post, until, wire
from .common import BODY, LONG, serves

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("end", ["close", "reset", "half-close"])
@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /v1/ch", head("content-length: 99")[:-2], head("content-length: 99") + BODY[:9],
     head("transfer-encoding: chunked") + b"10\r\nabc"],
    ids=["nothing", "half a line", "half a head", "half a body", "half a chunk"],
)  # fmt: skip
async def test_half_requests(upstream, harmless, sent, end):
    async with harmless(**LONG) as client:
        asked = len(upstream.asked)
        for _ in range(10):
            async with wire(client) as dying:
                dying.send(sent)
                await dying.writer.drain()
                if end == "reset":
                    dying.reset()
                elif end == "half-close":
                    dying.writer.write_eof()
                    await dying.closed()
        await serves(client)
        assert all(one.body["model"] == "m" for one in upstream.asked[asked:])


@pytest.mark.parametrize("end", ["close", "reset", "half-close"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["m", "bon-4-m"])
async def test_a_death_ends_the_upstream_s_work(upstream, harmless, model, stream, end):
    async def never(_):
        await upstream.until(lambda: False, 60)

    async with harmless(**LONG) as client:
        upstream.answer = never
        body = json.dumps(chat(model, stream=stream)).encode()
        async with AsyncExitStack() as stack:
            for _ in range(5):
                dying = await stack.enter_async_context(wire(client))
                dying.send(post(body))
                if end == "half-close":
                    continue
            await upstream.until(lambda: upstream.working == 5, PATIENCE)
            if end == "reset":
                dying.reset()
                await upstream.until(lambda: upstream.given_up == 1, PATIENCE)
            elif end == "half-close":
                dying.writer.write_eof()
                await upstream.until(lambda: upstream.given_up == 1, PATIENCE)
        await upstream.until(lambda: upstream.given_up == 5, PATIENCE)


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_death_in_the_middle_of_a_stream(upstream, harmless, end):
    ended = 0

    async def endless():
        nonlocal ended
        try:
            while True:
                yield b"data: {}\n\n"
                await asyncio.sleep(0.01)
        finally:
            ended += 1

    async with harmless(**LONG) as client:
        upstream.answer = lambda _: StreamingResponse(endless(), media_type="text/event-stream")
        for _ in range(5):
            async with wire(client) as dying:
                dying.send(post(json.dumps(chat("m", stream=True)).encode()))
                await dying.head()
                await dying.reader.readuntil(b"data: {}")
                if end == "reset":
                    dying.reset()
        await until(lambda: ended == 5)


async def test_a_death_while_comments_come(upstream, harmless):
    async def never(_):
        await upstream.until(lambda: False, 60)

    async with harmless(**LONG | {"keep_alive": 0.05}) as client:
        upstream.answer = never
        async with wire(client) as dying:
            dying.send(post(json.dumps(chat(stream=True)).encode()))
            await dying.reader.readuntil(b": keep-alive\n\n")
            dying.reset()
            await upstream.until(lambda: upstream.given_up == 1, PATIENCE)
