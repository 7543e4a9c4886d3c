"""Requests are read the same wherever the network cuts them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.testing.http import BadRequest, Request, RequestReader

PARTS = st.lists(st.integers(1, 40), max_size=40)


def written(body: bytes, chunks: list[int] | None) -> bytes:
    head = b"POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: here\r\nX-Odd:  a: b \r\n"
    if chunks is None:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = []
    for size in chunks:
        piece, body = body[:size], body[size:]
        if piece:
            pieces.append(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
    if body:
        pieces.append(b"%X\r\n%s\r\n" % (len(body), body))
    end = b"0\r\nTrailer: x\r\n\r\n" if chunks else b"0\r\n\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + end


def read_in_pieces(data: bytes, cuts: list[int]) -> list[Request]:
    reader = RequestReader()
    requests = []
    for size in [*cuts, len(data)]:
        reader.feed(data[:size])
        data = data[size:]
        while (request := reader.next()) is not None:
            requests.append(request)
    return requests


@given(
    bodies=st.lists(st.tuples(st.binary(max_size=200), st.none() | PARTS), min_size=1, max_size=4),
    cuts=PARTS,
)
def test_requests_come_back(bodies: list[tuple[bytes, list[int] | None]], cuts: list[int]) -> None:
    data = b"".join(written(body, chunks) for body, chunks in bodies)
    requests = read_in_pieces(data, cuts)
    assert [request.body for request in requests] == [body for body, _ in bodies]
    assert {request.path for request in requests} == {"/v1/chat/completions"}
    assert {request.headers["x-odd"] for request in requests} == {"a: b"}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
    ],
)
def test_bad_requests_are_refused(data: bytes, status: int) -> None:
    reader = RequestReader()
    reader.feed(data)
    with pytest.raises(BadRequest) as refusal:
        reader.next()
    assert refusal.value.status == status


@given(st.binary(max_size=300))
def test_nothing_breaks_the_reader(data: bytes) -> None:
    reader = RequestReader()
    reader.feed(b"GET / HTTP/1.1\r\n" + data)
    with contextlib.suppress(BadRequest):
        while reader.next() is not None:
            pass


@pytest.mark.parametrize(
    ("head", "keep"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_keeping_the_connection(head: bytes, keep: bool) -> None:
    reader = RequestReader()
    reader.feed(head + b"\r\n")
    request = reader.next()
    assert request is not None
    assert request.keep is keep
