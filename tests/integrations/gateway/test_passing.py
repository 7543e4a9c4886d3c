"""Other models are the upstream's business: what goes through is not changed."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

from .conftest import chat
from .upstream import frames

pytestmark = pytest.mark.anyio

URL = "/chat/completions"

RAW = [
    b'{ "model":"m",\n\t"messages" : [],"n":3, "\\u00fc": 1.0, "big": 1e400, "x": 1, "x": 2 }',
    b'{"model":"m","stream":true}',
    b"not JSON at all",
    b"",
]


@pytest.mark.parametrize("raw", RAW)
async def test_a_body_goes_out_as_it_came(upstream, gate, raw):
    upstream.answer = lambda _: Response(b'{ "odd":  1}\n', media_type="application/json")
    async with gate() as client:
        answer = await client.post(f"{URL}?a=1&b=%2F", content=raw)
    (asked,) = upstream.asked
    assert asked.raw == raw
    assert (asked.path, asked.query) == ("/v1/chat/completions", "a=1&b=%2F")
    assert answer.content == b'{ "odd":  1}\n'


@pytest.mark.parametrize("url", [URL, "/completions"])
async def test_a_stream_comes_back_as_it_is(upstream, gate, url):
    body = chat("m", stream=True)
    expected = b"".join([part async for part in frames(body)])
    async with gate() as client:
        answer = await client.post(url, json=body)
    assert answer.content == expected
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_a_stream_is_not_held_back(upstream, gate):
    arrived = asyncio.Event()

    async def parts():
        yield b"data: 1\n\n"
        await asyncio.wait_for(arrived.wait(), 5)
        yield b"data: 2\n\n"

    upstream.answer = lambda _: StreamingResponse(parts(), media_type="text/event-stream")
    async with gate() as client, client.stream("POST", URL, json=chat("m", stream=True)) as answer:
        received = []
        async for part in answer.aiter_bytes():
            received.append(part)
            arrived.set()
    assert received == [b"data: 1\n\n", b"data: 2\n\n"]


async def test_headers_pass_and_those_of_one_hop_do_not(upstream, gate):
    upstream.answer = lambda _: JSONResponse(
        {"ok": 1},
        headers={
            "x-request-id": "7",
            "openai-processing-ms": "3",
            "connection": "x-private",
            "x-private": "1",
            "keep-alive": "timeout=9",
        },
    )
    sent = {
        "authorization": "Bearer client-key",
        "openai-organization": "org",
        "user-agent": "agent/1",
        "connection": "keep-alive, x-own",
        "x-own": "1",
        "te": "trailers",
        "proxy-authorization": "secret",
        "accept-encoding": "gzip",
    }
    async with gate() as client:
        answer = await client.post(URL, json=chat("m"), headers=sent)
    (asked,) = upstream.asked
    assert asked.header("authorization") == "Bearer client-key"
    assert asked.header("openai-organization") == "org"
    assert asked.header("user-agent") == "agent/1"
    assert asked.header("content-type") == "application/json"
    assert asked.header("accept-encoding") == "identity"
    for name in ("x-own", "te", "proxy-authorization", "transfer-encoding"):
        assert asked.header(name) is None
    assert asked.header("host") in upstream.url
    assert answer.headers["x-request-id"] == "7"
    assert answer.headers["openai-processing-ms"] == "3"
    assert "x-private" not in answer.headers
    assert "keep-alive" not in answer.headers
    assert len(answer.headers.get_list("date")) == len(answer.headers.get_list("server")) == 1


@pytest.mark.parametrize("status", [201, 302, 400, 404, 429, 500, 503])
async def test_statuses_pass(upstream, gate, status):
    headers = {"retry-after": "3", "location": "http://localhost/elsewhere"}
    upstream.answer = lambda _: Response(b"as it is", status, headers)
    async with gate() as client:
        answer = await client.post(URL, json=chat("m"))
    assert (answer.status_code, answer.content) == (status, b"as it is")
    assert answer.headers["retry-after"] == "3"
    assert len(upstream.asked) == 1, "nothing is repeated, no redirect is followed"


async def test_samples_carry_the_client_s_headers(upstream, gate):
    sent = {"authorization": "Bearer client-key", "http-referer": "app"}
    async with gate() as client:
        await client.post(URL, json=chat(), headers=sent)
    assert upstream.samples[0].header("authorization") == "Bearer client-key"
    assert upstream.samples[0].header("http-referer") == "app"
    assert {one.header("authorization") for one in upstream.judgments} == {"Bearer client-key"}


async def test_nobody_there(gate):
    async with gate(upstream="http://127.0.0.1:9/v1") as client:
        for model in ("m", "bon-2-m"):
            answer = await client.post(URL, json=chat(model))
            assert answer.status_code == 502
            assert answer.json()["error"]["code"] == "upstream_unreachable"


async def test_nothing_else_is_served(upstream, gate):
    async with gate() as client:
        for method, path in (("POST", "/files"), ("DELETE", "/models/m"), ("GET", URL)):
            answer = await client.request(method, path)
            assert answer.status_code in (404, 405)
            assert "not served" in answer.json()["error"]["message"]
    assert not upstream.asked


async def test_a_client_that_sends_in_pieces(upstream, gate):
    async def pieces():
        for piece in (b'{"model":', b'"m",', b'"messages":[]}'):
            yield piece

    async with gate() as client:
        answer = await client.post(URL, content=pieces())
    assert answer.status_code == 200
    assert upstream.asked[0].raw == b'{"model":"m","messages":[]}'
    assert upstream.asked[0].header("transfer-encoding") is None
    assert isinstance(answer, httpx.Response)
