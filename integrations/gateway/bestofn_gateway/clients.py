"""One client's request: its body in, the answer out, and whether the client is still there."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import anyio
from starlette.types import Message, Receive, Scope, Send

from .errors import ErrorAnswer, GatewayError

T = TypeVar("T")

DRAINED = 32 * 2**20
"""Bytes of a body that is too large which are still taken in, so that the client, which may be
busy sending, gets to read why it is refused."""

DRAIN_SECONDS = 2.0

log = logging.getLogger("bestofn_gateway")


class ClientGone(Exception):
    """The client went away, or no longer takes what it is sent; there is nobody to answer."""


class BrokenOff(Exception):
    """An answer cannot be completed, and half of it must not look like the whole."""


class Client:
    """The ASGI side of one request.

    Args:
        scope, receive, send: As ASGI hands them over.
        stall_seconds: Longest time for the client to take a piece of the answer.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, stall_seconds: float) -> None:
        self.scope = scope
        self.started = False
        """Whether the head of the answer is out."""
        self.status = 0
        """Of the answer; 0 before it."""
        self._receive = receive
        self._send = send
        self._stall_seconds = stall_seconds
        self._read = False

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The request's, names in lower case."""
        found: list[tuple[bytes, bytes]] = self.scope["headers"]
        return found

    def header(self, name: bytes) -> str | None:
        """The first of that name (lower case)."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)

    async def body(self, *, most: int, seconds: float) -> bytes:
        """The whole body.

        Args:
            most: Bytes.
            seconds: For all of it to arrive.

        Raises:
            GatewayError: 413 or 408.
            ClientGone: it went away.
        """
        parts: list[bytes] = []
        size = 0
        declared = self.header(b"content-length")
        try:
            with anyio.fail_after(seconds):
                if declared is not None and declared.isdigit() and int(declared) > most:
                    await self._refuse_large(most)
                async for part in self._parts():
                    size += len(part)
                    if size > most:
                        await self._refuse_large(most)
                    parts.append(part)
        except TimeoutError:
            raise GatewayError(
                ErrorAnswer(
                    status=408,
                    message=f"The body did not arrive within {seconds:g} seconds.",
                    code="request_timeout",
                    headers={"connection": "close"},
                )
            ) from None
        return b"".join(parts)

    async def attend(
        self,
        work: Coroutine[Any, Any, T],
        *,
        every: float | None = None,
        tick: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Await work, and give it up when the client goes away. The body must have been read.

        Args:
            work: What the client waits for.
            every: Seconds between calls of ``tick`` meanwhile.
            tick: Tells the client that it is being worked on.

        Raises:
            ClientGone: the work was cancelled and has ended.
        """
        task = asyncio.create_task(work)
        gone = asyncio.create_task(self._until_gone())
        try:
            while not task.done():
                await asyncio.wait((task, gone), timeout=every, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    break
                if gone.done():
                    raise ClientGone
                if tick is not None:
                    await tick()
            return task.result()
        finally:
            gone.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
                if not task.cancelled() and (error := task.exception()) is not None:
                    log.warning("work for a client that went away ended with %r", error)

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer."""
        self.status = status
        self.started = True
        await self._out({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, data: bytes) -> None:
        """Send a piece of the answer.

        Raises:
            ClientGone: it takes nothing any more.
        """
        await self._out({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last piece."""
        await self._out({"type": "http.response.body", "body": data, "more_body": False})

    async def answer(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole JSON answer."""
        data = json.dumps(body, separators=(",", ":")).encode()
        head = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(data)),
            *encoded(headers or {}),
        ]
        await self.start(status, head)
        await self.end(data)

    async def _parts(self) -> AsyncIterator[bytes]:
        while not self._read:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._read = not message.get("more_body", False)
            yield message.get("body", b"")

    async def _refuse_large(self, most: int) -> None:
        size, end = 0, time.monotonic() + DRAIN_SECONDS
        with anyio.move_on_after(DRAIN_SECONDS):
            async for part in self._parts():
                size += len(part)
                if size > DRAINED or time.monotonic() > end:
                    break
        raise GatewayError(
            ErrorAnswer(
                status=413,
                message=f"The body is larger than the {most} bytes that this server takes.",
                code="request_too_large",
                headers={"connection": "close"},
            )
        )

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _out(self, message: Message) -> None:
        try:
            with anyio.fail_after(self._stall_seconds):
                await self._send(message)
        except (TimeoutError, OSError):
            abort = self.scope.get("extensions", {}).get("bestofn.abort")
            if abort is not None:  # see bestofn_gateway.protocol
                abort["call"]()
            raise ClientGone from None


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them; what no header can hold is replaced."""
    return [
        (name.encode("latin-1"), _printable(value).encode("latin-1", "replace"))
        for name, value in headers.items()
    ]


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
