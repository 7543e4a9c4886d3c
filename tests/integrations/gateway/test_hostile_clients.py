"""Clients that break the rules of HTTP, dawdle, or die: a correct error, and nothing left behind.

Files and tasks of this process are counted before and after; gateway, upstream and clients live
in it, so that what any of them leaves open is seen.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from starlette.responses import StreamingResponse

from .conftest import chat
from .upstream import completion, says
from .wire import PATIENCE, Held, head, post, until, wire

pytestmark = pytest.mark.anyio

SOON = {"header_seconds": 0.4, "body_seconds": 0.4, "stall_seconds": 0.4, "keep_alive": 0.1}
SMALL = {"header_bytes": 4096, "max_body": 2**16}
LONG = {"header_seconds": PATIENCE, "body_seconds": PATIENCE, "stall_seconds": PATIENCE}
BODY = json.dumps(chat()).encode()
BEST = {"judge": "self-consistency"}


async def serves(client: httpx.AsyncClient) -> None:
    """A good request gets its answer, whatever others do."""
    answer = await client.post("/chat/completions", json=chat(), headers={"connection": "close"})
    assert answer.json()["choices"][0]["message"]["content"] == "best", answer.text


async def until_idle(client: httpx.AsyncClient) -> None:
    """Wait until the gateway works on nothing."""
    page = str(client.base_url).replace("/v1/", "/metrics")
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.get(page, headers={"connection": "close"})
            if "bestofn_gateway_requests_in_flight 0.0" in answer.text:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
def harmless(upstream, gate):
    """Starts a gateway, and checks at the end that it serves and that nothing was left open."""

    @asynccontextmanager
    async def start(**settings) -> AsyncIterator[httpx.AsyncClient]:
        async with gate(**settings) as client:
            await serves(client)  # the line to the judge and the first pooled connections stay
            before = Held.now()
            yield client
            await upstream.until(lambda: not upstream.working, PATIENCE)
            upstream.answer = lambda _: None
            await serves(client)
            await until(lambda: _no_more_than(before))
            await until_idle(client)

    return start


def _no_more_than(before: Held) -> bool:
    now = Held.now()
    return now.files <= before.files and now.tasks <= before.tasks


# Clients that dawdle


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


# Clients that die


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


# What no client should send


@pytest.mark.parametrize("sends_it_all", [False, True])
@pytest.mark.parametrize("length", ["declared", "chunked"])
async def test_a_body_that_is_too_large(upstream, harmless, length, sends_it_all):
    piece = b"x" * 2**15
    async with harmless(**LONG | SMALL) as client, wire(client) as large:
        asked = len(upstream.asked)
        if length == "declared":
            large.send(head(f"content-length: {8 * len(piece)}"), piece)
            large.send(*[piece] * 7 * sends_it_all)
        else:
            chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
            large.send(head("transfer-encoding: chunked"), *[chunk] * 3)
            large.send(*[chunk] * 5 * sends_it_all, b"0\r\n\r\n" * sends_it_all)
        answer = await large.answer()
        assert (answer.status, answer.error["code"]) == (413, "request_too_large")
        await large.closed()
        assert len(upstream.asked) == asked


HEADS = {
    "one long header": head("x-a: " + "a" * 5000),
    "many headers": head(*(f"x-{number}: a" for number in range(2000))),
    "a long name": head("x" * 5000 + ": a"),
    "a long path": head(path="/v1/" + "a" * 5000),
    "a long query": head(path="/v1/models?" + "a" * 5000),
    "no end": b"GET / HTTP/1.1\r\n" + b"x-a: b\r\n" * 2000,
    "one endless line": b"GET /" + b"a" * 9000,
}


@pytest.mark.parametrize("raw", HEADS.values(), ids=HEADS)
async def test_floods_of_headers(harmless, raw):
    async with harmless(**LONG | SMALL) as client, wire(client) as flood:
        flood.send(raw)
        answer = await flood.answer()
        assert (answer.status, answer.error["code"]) == (431, "headers_too_large")
        await flood.closed()


NOT_HTTP = {
    "unknown method": b"BREW /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n",
    "small method": b"post /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n",
    "no method": b"\r\n\r\n\r\nhello\r\n\r\n",
    "another version": b"GET /healthz HTTP/9.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    "zeros": bytes(1000),
    "a space in a name": head("x a: b"),
    "a folded header": b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n",
    "no colon": head("hello"),
    "a control character": head("x-a: \x00"),
    "negative length": head("content-length: -1"),
    "length in words": head("content-length: ten"),
    "endless length": head("content-length: " + "9" * 40),
    "two lengths": head("content-length: 2", "content-length: 3") + b"{}",
    "length and chunks": head("content-length: 2", "transfer-encoding: chunked") + b"0\r\n\r\n",
    "unknown coding": head("transfer-encoding: brotli") + b"{}",
}


@pytest.mark.parametrize("raw", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_not_http(upstream, harmless, raw):
    async with harmless(**LONG) as client, wire(client) as odd:
        asked = len(upstream.asked)
        odd.send(raw)
        answer = await odd.answer()
        assert (answer.status, answer.error["code"]) == (400, "invalid_http")
        await odd.closed()
        assert len(upstream.asked) == asked


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\na\r\n", b"f" * 17 + b"\r\n", b"2\r\nabcdef\r\n0\r\n\r\n",
     b"\r\n\r\n"],
)  # fmt: skip
async def test_broken_chunks(upstream, harmless, chunks):
    async with harmless(**LONG) as client, wire(client) as odd:
        asked = len(upstream.asked)
        odd.send(head("transfer-encoding: chunked") + chunks)
        answer = await odd.answer()
        assert (answer.status, answer.error["code"]) == (400, "invalid_http")
        await odd.closed()
        assert len(upstream.asked) == asked


async def test_methods_that_are_not_served(harmless):
    async with harmless(**LONG) as client:
        for path, served in {"/v1/chat/completions": (), "/v1/models": ("GET", "HEAD")}.items():
            for method in {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"} - {*served}:
                answer = await client.request(method, str(client.base_url).replace("/v1/", path))
                assert answer.status_code == 405, (method, path)
                if method != "HEAD":
                    assert answer.json()["error"]["type"] == "invalid_request_error"


NOT_JSON = {
    "nothing": b"",
    "words": b"bon-2-m",
    "half": BODY[:-1],
    "more": BODY + b"}",
    "comma": BODY[:-1] + b",}",
    "not UTF-8": BODY.replace(b"hi", b"\xff\xfe"),
    "UTF-16": BODY.decode().encode("utf-16"),
    "bare control character": BODY.replace(b"hi", b"\x00"),
    "NaN": BODY.replace(b'"hi"', b"NaN"),
    "Infinity": BODY[:-1] + b',"temperature":-Infinity}',
    "a list": b"[" + BODY + b"]",
    "text": json.dumps(BODY.decode()).encode(),
    "null with bestofn": b"null            bestofn",
    "deep list": b'{"bestofn":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep object": b'{"bestofn":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "deep messages": BODY.replace(b'"hi"', b"[" * 50_000 + b"]" * 50_000),
    "a long number": BODY[:-1] + b',"seed":' + b"9" * 5000 + b"}",
    "n beyond all floats": BODY[:-1] + b',"n":1e400}',
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
async def test_bodies_that_cannot_be_read(upstream, harmless, raw):
    async with harmless(**LONG) as client, wire(client) as odd:
        asked = len(upstream.asked)
        odd.send(post(raw))
        answer = await odd.answer()
        if not (b"bon-" in raw or b"bestofn" in raw):
            assert len(upstream.asked) == asked + 1, "that is the upstream's business"
            return
        assert answer.status == 400
        assert answer.error["type"] == "invalid_request_error"
        assert len(upstream.asked) == asked


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (BODY[:-1] + b',"n":1,"n":2}', 2),
        (BODY.replace(b'"bon-4-m"', b'"m","model":"bon-4-m"'), 1),
        (b"\xef\xbb\xbf" + BODY, 1),
        (BODY.replace(b"hi", rb"\ud800"), 1),
        (BODY.replace(b"hi", rb"\u0000"), 1),
        (BODY[:-1] + b',"seed":' + b"9" * 400 + b"}", 1),
        (BODY[:-1] + b',"temperature":1e400}', None),
    ],
    ids=["n twice", "model twice", "BOM", "half a pair", "NUL", "long seed", "endless number"],
)
async def test_odd_json_is_still_json(upstream, harmless, raw, sent):
    async with harmless(**LONG) as client, wire(client) as odd:
        odd.send(post(raw))
        answer = await odd.answer()
        if sent is None:
            assert answer.status == 400
            assert answer.error["type"] == "invalid_request_error"
        else:
            assert answer.status == 200
            assert len(json.loads(answer.body)["choices"]) == sent


# One after the other on one connection


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
