"""A client that goes away takes the upstream's work with it, within a second."""

from __future__ import annotations

import asyncio
import time

import pytest
from starlette.responses import StreamingResponse

from .conftest import chat
from .upstream import completion, says

pytestmark = pytest.mark.anyio

URL = "/chat/completions"


async def leave_while(client, upstream, body, *, working: int) -> float:
    """Ask, go away when the upstream is at work, and return how long it went on working."""
    asking = asyncio.create_task(client.post(URL, json=body))
    await upstream.until(lambda: upstream.working == working)
    asking.cancel()
    left = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await upstream.until(lambda: upstream.working == 0)
    return time.monotonic() - left


def never(upstream):
    async def answer(asked):
        await upstream.until(lambda: False, seconds=60)

    return answer


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["m", "bon-4-m"])
async def test_while_sampling(upstream, gate, model, stream):
    upstream.answer = never(upstream)
    async with gate(keep_alive=0.1) as client:
        took = await leave_while(client, upstream, chat(model, stream=stream), working=1)
    assert took < 1
    assert upstream.given_up == 1
    assert len(upstream.asked) == 1, "nothing was asked afterwards"


@pytest.mark.parametrize("stream", [False, True])
async def test_while_sampling_one_by_one(upstream, gate, stream):
    def one(asked):
        return completion(asked.body, [says(str(asked.number))]) if "n" in asked.body else wait

    wait = None
    hold = never(upstream)

    def answer(asked):
        return one(asked) or hold(asked)

    upstream.answer = answer
    async with gate() as client:
        took = await leave_while(client, upstream, chat(stream=stream), working=3)
    assert took < 1
    assert upstream.given_up == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_while_judging(upstream, gate, stream):
    hold = never(upstream)
    upstream.answer = lambda asked: hold(asked) if asked.judging else None
    async with gate() as client:
        took = await leave_while(client, upstream, chat(stream=stream), working=2)
    assert took < 1
    assert upstream.given_up == 2
    assert len(upstream.judgments) == 2, "the final was never played"


async def test_in_the_middle_of_a_stream_that_passes(upstream, gate):
    ended = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"data: {}\n\n"
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    upstream.answer = lambda _: StreamingResponse(endless(), media_type="text/event-stream")
    async with gate() as client:
        async with client.stream("POST", URL, json=chat("m", stream=True)) as answer:
            async for _ in answer.aiter_bytes():
                break
        await asyncio.wait_for(ended.wait(), 1)


async def test_the_gateway_goes_on(upstream, gate):
    hold = never(upstream)
    upstream.answer = lambda asked: hold(asked) if asked.body.get("user") == "slow" else None
    async with gate() as client:
        await leave_while(client, upstream, chat(user="slow"), working=1)
        answer = await client.post(URL, json=chat())
        assert answer.json()["choices"][0]["message"]["content"] == "best"
        metrics = (await client.get(str(client.base_url).replace("/v1", "") + "metrics")).text
    assert 'requests_total{mode="gone",route="chat",status="499"} 1.0' in metrics
    assert "requests_in_flight 0.0" in metrics
