"""Clients that dawdle: their time ends, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from starlette.responses import StreamingResponse

from ..conftest import chat
from ..upstream import completion, says
from ..wire import PATIENCE, head, post, wire
from .common import BEST, LONG, serves, until_idle

pytestmark = pytest.mark.anyio


async def test_a_head_that_comes_drop_by_drop(harmless):
    async with harmless(**LONG | {"header_seconds": 0.4}) as client, wire(client) as slow:
        slow.send(head()[:-2])

        async def drip():
            while True:
                slow.send(b"x-a: b\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await slow.answer()
        await slow.closed()
        dripping.cancel()
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")


async def test_a_client_that_says_nothing(harmless):
    async with harmless(**LONG | {"header_seconds": 0.4}) as client, wire(client) as silent:
        assert b" 408 " in await silent.closed()


@pytest.mark.parametrize("length", ["content-length: 1000", "transfer-encoding: chunked"])
async def test_a_body_that_comes_drop_by_drop(harmless, length):
    async with harmless(**LONG | {"body_seconds": 0.4}) as client, wire(client) as slow:
        slow.send(head(length))

        async def drip():
            while True:
                slow.send(b"1\r\n \r\n" if "chunked" in length else b" ")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await slow.answer()
        await slow.closed()
        dripping.cancel()
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")


async def test_many_that_dawdle_keep_nobody_waiting(harmless):
    async with (
        harmless(**LONG | {"header_seconds": 1.0, "body_seconds": 1.0}) as client,
        AsyncExitStack() as stack,
    ):
        slow = [await stack.enter_async_context(wire(client)) for _ in range(100)]
        for number, one in enumerate(slow):
            one.send(head("content-length: 9") if number % 2 else b"POST /v1/chat/compl")
        await serves(client)
        for one in slow:
            assert (await one.answer()).status == 408
            await one.closed()


@pytest.mark.parametrize("model", ["m", "bon-2-m"])
async def test_a_client_that_does_not_read(upstream, harmless, model):
    ended = asyncio.Event()
    piece = b"data: " + b"x" * 2**16 + b"\n\n"

    async def endless():
        try:
            while True:
                yield piece
                await asyncio.sleep(0)  # what is sent to nobody makes nobody wait
        finally:
            ended.set()

    def answer(asked):
        if "n" in asked.body:
            return completion(asked.body, [says(word * 2**24) for word in "ab"])
        return StreamingResponse(endless(), media_type="text/event-stream")

    async with (
        harmless(**LONG | {"stall_seconds": 0.4}) as client,
        wire(client, small_buffer=True) as full,
    ):
        upstream.answer = answer
        options = {} if model == "m" else {"bestofn": BEST}
        full.send(post(json.dumps(chat(model, stream=True, **options)).encode()))
        full.writer.transport.pause_reading()
        if model == "m":
            await asyncio.wait_for(ended.wait(), PATIENCE)
        else:
            await upstream.until(lambda: any("n" in one.body for one in upstream.samples), PATIENCE)
            await until_idle(client)
        full.writer.transport.resume_reading()
        text = await full.closed()
        assert text.startswith(b"HTTP/1.1 200 ")
        assert b"[DONE]" not in text, "it was given up before the end"
