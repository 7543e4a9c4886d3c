"""Requests one after the other on one connection."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from ..upstream import completion, says
from ..wire import PATIENCE, head, post, wire
from .common import BODY, LONG, serves

pytestmark = pytest.mark.anyio


async def test_requests_in_one_go_are_answered_in_order(upstream, harmless):
    texts = [f"question {number}" for number in range(20)]
    upstream.answer = lambda asked: (
        None
        if asked.judging
        else completion(asked.body, [says(asked.body["messages"][0]["content"])] * 2)
    )
    async with harmless_pipeline(harmless, upstream) as client, wire(client) as eager:
        messages = [[{"role": "user", "content": text}] for text in texts]
        bodies = [{"model": "bon-2-m", "messages": message} for message in messages]
        eager.send(b"".join(post(json.dumps(body).encode()) for body in bodies))
        answers = [await eager.answer() for _ in bodies]
    found = [json.loads(one.body)["choices"][0]["message"]["content"] for one in answers]
    assert found == texts


@asynccontextmanager
async def harmless_pipeline(harmless, upstream):
    behaviour, upstream.answer = upstream.answer, lambda _: None
    async with harmless(**LONG) as client:
        upstream.answer = behaviour
        yield client


async def test_a_thousand_requests_in_one_go(harmless):
    async with harmless(**LONG) as client, wire(client) as eager:
        eager.send(head("content-length: 0", path="/healthz", method="GET") * 1000)
        for _ in range(1000):
            assert (await eager.answer()).status == 200


async def test_a_broken_request_behind_a_good_one(upstream, harmless):
    async with harmless(**LONG) as client, wire(client) as odd:
        odd.send(post(BODY) + b"nonsense\r\n\r\n")
        await odd.closed()
        await serves(client)


async def test_a_death_with_requests_still_in_line(upstream, harmless):
    async def never(_):
        await upstream.until(lambda: False, 60)

    async with harmless(**LONG) as client:
        upstream.answer = never
        async with wire(client) as dying:
            dying.send(post(BODY) * 10)
            await upstream.until(lambda: upstream.working == 1, PATIENCE)
            dying.reset()
            await upstream.until(lambda: upstream.given_up == 1, PATIENCE)


async def test_a_client_that_waits_to_be_told_to_go_on(harmless):
    async with harmless(**LONG) as client, wire(client) as polite:
        polite.send(head(f"content-length: {len(BODY)}", "expect: 100-continue"))
        assert (await polite.head())[0] == 100
        polite.send(BODY)
        assert (await polite.answer()).status == 200


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_upgrades_are_not_taken(upstream, harmless, protocol):
    async with harmless(**LONG) as client, wire(client) as odd:
        asked = len(upstream.asked)
        odd.send(post(BODY, "connection: upgrade", f"upgrade: {protocol}"))
        answer = await odd.answer()
        assert (answer.status, answer.error["code"]) == (501, "no_upgrade")
        await odd.closed()
        assert len(upstream.asked) == asked, "its body would be missing"


async def test_more_clients_than_there_may_be(harmless):
    async with harmless(**LONG | {"max_connections": 8}) as client, AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(wire(client)) for _ in range(12)]
        for one in crowd:
            one.send(head("content-length: 0", path="/healthz", method="GET"))
        answers = [await one.answer() for one in crowd]
        assert {one.status for one in answers} == {503}
        assert all(one.error["type"] == "server_error" for one in answers)
