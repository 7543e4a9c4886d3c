"""What no client should send: a correct error, and nothing left behind."""

from __future__ import annotations

import json

import pytest

from ..wire import head, post, wire
from .common import BODY, LONG, SMALL

pytestmark = pytest.mark.anyio


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
