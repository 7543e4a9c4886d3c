"""Just enough of HTTP/1.1 to stand in for a model server. No I/O: bytes in, requests out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

MOST_HEAD = 64 * 1024
"""Bytes of request line and headers."""

MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request's body."""


class BadRequest(Exception):
    """What came is not a request that this server understands.

    Args:
        status: The HTTP status to answer.
        message: What is wrong.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request, read to its end.

    Attributes:
        method: As sent.
        path: Without the query.
        headers: Names in lower case; of a repeated one the last.
        body: The bytes, chunks joined.
        keep: Whether the client wants to go on with this connection.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a key
    body: bytes = b""
    keep: bool = True


class RequestReader:
    """Cuts a stream of bytes into requests, wherever the network cut it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None
        self._length: int | None = None  # None while chunks are being read
        self._chunks = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what arrived."""
        self._buffer += data

    @property
    def wants_continue(self) -> bool:
        """Whether the client waits for a ``100 Continue`` before it sends the body."""
        head = self._head
        return head is not None and head.headers.get("expect", "").lower() == "100-continue"

    def next(self) -> Request | None:
        """The next complete request, or None until more has arrived.

        Raises:
            BadRequest: the connection cannot be used any further.
        """
        if self._head is None:
            while self._buffer.startswith(b"\r\n"):  # allowed between requests
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 or end > MOST_HEAD:
                if len(self._buffer) > MOST_HEAD:
                    raise BadRequest(431, "the headers are too long")
                return None
            self._head = _head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            self._length = _length(self._head)
        body = self._fixed() if self._length is not None else self._chunked()
        if body is None:
            return None
        head, self._head, self._length = self._head, None, None
        return Request(
            method=head.method, path=head.path, headers=head.headers, body=body, keep=head.keep
        )

    def _fixed(self) -> bytes | None:
        assert self._length is not None
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return body

    def _chunked(self) -> bytes | None:
        while True:
            line = self._buffer.find(b"\r\n")
            if line < 0:
                return None
            digits = bytes(self._buffer[:line]).split(b";")[0].strip()
            if not digits or digits.strip(b"0123456789abcdefABCDEF") or len(digits) > 16:
                raise BadRequest(400, "a chunk of the body does not start with its size")
            size = int(digits, 16)
            if len(self._chunks) + size > MOST_BODY:
                raise BadRequest(413, "the body is too long")
            if size == 0:
                return self._trailer(line)
            if len(self._buffer) < line + 2 + size + 2:
                return None
            self._chunks += self._buffer[line + 2 : line + 2 + size]
            if self._buffer[line + 2 + size : line + 4 + size] != b"\r\n":
                raise BadRequest(400, "a chunk of the body is not as long as it says")
            del self._buffer[: line + 4 + size]

    def _trailer(self, line: int) -> bytes | None:
        if self._buffer[line : line + 4] == b"\r\n\r\n":
            end = line
        else:
            end = self._buffer.find(b"\r\n\r\n", line)
            if end < 0:
                return None
        del self._buffer[: end + 4]
        body = bytes(self._chunks)
        self._chunks.clear()
        return body


def _head(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(400, "that is not HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "a header is not of the form name: value")
        headers[name.lower()] = value.strip()
    wish = headers.get("connection", "").lower()
    keep = wish != "close" and (words[2] != "HTTP/1.0" or wish == "keep-alive")
    return Request(method=words[0], path=words[1].split("?")[0], headers=headers, keep=keep)


def _length(head: Request) -> int | None:
    if "transfer-encoding" in head.headers:
        if head.headers["transfer-encoding"].lower() != "chunked":
            raise BadRequest(501, "of transfer encodings only chunked is understood")
        return None
    text = head.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "content-length is not a number")
    if int(text) > MOST_BODY:
        raise BadRequest(413, "the body is too long")
    return int(text)


def reply(
    status: int,
    body: bytes,
    *,
    headers: Iterable[tuple[str, str]] = (),
    content_type: str = "application/json",
    keep: bool = True,
) -> bytes:
    """A whole HTTP reply."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Status"
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {content_type}\r\n"
        f"content-length: {len(body)}\r\n{extra}"
        f"connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    ).encode("latin-1") + body


def as_json(value: object) -> bytes:
    """JSON as model servers send it."""
    return json.dumps(value, separators=(",", ":")).encode()
