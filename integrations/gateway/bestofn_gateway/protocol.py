"""HTTP as uvicorn and httptools speak it, with limits on the head of a request.

uvicorn waits for a head as long as it takes, and httptools takes heads of any size.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .errors import ErrorAnswer
from .settings import Settings

_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
}

_IN_LINE = 100
"""Requests of one connection behind which nothing more is read until one is answered."""

_AROUND = 4
"""Bytes around a header in its line: a colon, a space, the end."""


ABORT = "bestofn.abort"
"""The extension of ASGI by which an application drops a connection at once: uvicorn closes one only
when the client has taken what was written, and some never do."""


class HeadTooLarge(Exception):
    """Leaves the parser; uvicorn then has the request refused."""


def protocol(settings: Settings) -> type[asyncio.Protocol]:
    """uvicorn's protocol with the limits that a server is told to keep."""

    class Guarded(GuardedProtocol):
        header_bytes = settings.header_bytes
        header_seconds = settings.header_seconds
        max_connections = settings.max_connections

    return Guarded


class GuardedProtocol(HttpToolsProtocol):
    """Refuses heads that are too large (431) or take too long (408), and clients too many (503).

    Unlike uvicorn it goes on reading behind a request that is being answered: an end of the
    connection is not seen otherwise, nor told to any but the last request.
    """

    header_bytes: int
    header_seconds: float
    max_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0  # bytes of it that were parsed
        self._raw = 0  # bytes that came before it was complete
        self._in_head = True
        self._in_body = False
        self._late: asyncio.TimerHandle | None = None
        self._cycles: list[RequestResponseCycle] = []  # not answered yet, in order
        self._served = self.app

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See :class:`asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._head_is_here()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._raw += len(data)
            if self._raw > self.header_bytes:
                self._refuse(_too_large(self.header_bytes))

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self._head = self._raw = 0
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self._grow(len(name) + len(value) + _AROUND)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._head_is_here()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}
        full = len(self.connections) > self.max_connections
        self.app = _full if full else self._served
        super().on_headers_complete()
        self._in_body = True
        waiting = [cycle for cycle in self._cycles if not cycle.response_complete]
        self._cycles = [*waiting, self.cycle]
        if 1 < len(self._cycles) <= _IN_LINE:
            self.flow.resume_reading()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser gave up."""
        if self._head > self.header_bytes:
            self._refuse(_too_large(self.header_bytes))
        else:
            self._refuse(ErrorAnswer(status=400, message=msg, code="invalid_http"))

    def _unsupported_upgrade_warning(self) -> None:
        """The parser leaves a request there that wants another protocol: its body is lost."""
        names = {name for name, value in self.headers if value != b"0"}
        if names & {b"content-length", b"transfer-encoding"}:
            words = "This server speaks HTTP/1.1 only: send the request without Upgrade."
            self._in_body = True  # as far as the parser got
            self._refuse(ErrorAnswer(status=501, message=words, code="no_upgrade"))

    def _grow(self, size: int) -> None:
        self._head += size
        if self._head > self.header_bytes:
            raise HeadTooLarge

    def _wait_for_head(self) -> None:
        self._in_head = True
        if self._late is None:
            self._late = self.loop.call_later(self.header_seconds, self._too_late)

    def _head_is_here(self) -> None:
        self._in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        words = f"The head of the request did not arrive within {self.header_seconds:g} seconds."
        self._refuse(ErrorAnswer(status=408, message=words, code="request_timeout"))

    def _refuse(self, answer: ErrorAnswer) -> None:
        """Say what is wrong, unless an answer to an earlier request is still under way; hang up."""
        own = 1 if self._in_body else 0  # cycles of the request at fault
        self._head_is_here()
        before = [cycle for cycle in self._cycles if not cycle.response_complete]
        begun = any(cycle.response_started for cycle in before)
        if len(before) <= own and not begun and not self.transport.is_closing():
            body = json.dumps(answer.body).encode()
            head = (
                f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self._give_up()
        self.transport.close()

    def _give_up(self) -> None:
        """Tell whoever works for this client that it is gone."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers in place of the application."""
    del scope, receive
    words = "This server has as many clients as it may have; try again soon."
    answer = ErrorAnswer(status=503, message=words, code="overloaded")
    body = json.dumps(answer.body).encode()
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _too_large(most: int) -> ErrorAnswer:
    words = f"The head of the request is larger than the {most} bytes that this server takes."
    return ErrorAnswer(status=431, message=words, code="headers_too_large")
