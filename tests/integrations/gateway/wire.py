"""Clients that write HTTP by hand, and what this process holds open because of them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

PATIENCE = 20.0
"""Seconds until a condition that should come at once is given up: this machine is shared."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error object; every error of the gateway has one."""
        assert self.headers["content-type"] == "application/json", self
        error = json.loads(self.body)["error"]
        assert set(error) == {"message", "type", "param", "code"}, error
        assert error["message"]
        assert error["type"]
        return error


class Wire:
    """One connection, byte by byte."""

    def __init__(self, sock: socket.socket, reader: asyncio.StreamReader, writer: Any) -> None:
        self.sock = sock
        self.reader = reader
        self.writer: asyncio.StreamWriter = writer

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)

    async def answer(self) -> Answer:
        """The next answer on this connection, whole."""
        async with asyncio.timeout(PATIENCE):
            status, headers = await self.head()
            if headers.get("transfer-encoding") == "chunked":
                body = b"".join([chunk async for chunk in self._chunks()])
            else:
                body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(status=status, headers=headers, body=body)

    async def head(self) -> tuple[int, dict[str, str]]:
        async with asyncio.timeout(PATIENCE):
            raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").rstrip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}

    async def closed(self) -> bytes:
        """Wait until the server has closed the connection; what it still said."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read(-1)
            except ConnectionResetError:
                return b""

    def reset(self) -> None:
        """Die: the server gets RST, as when a process or a network cable goes."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"


@asynccontextmanager
async def wire(client: httpx.AsyncClient, *, small_buffer: bool = False) -> AsyncIterator[Wire]:
    """A connection to the server that the client talks to."""
    parts = urlsplit(str(client.base_url))
    sock = socket.socket()
    sock.setblocking(False)
    if small_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await asyncio.get_running_loop().sock_connect(sock, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096 if small_buffer else 2**20)
    try:
        yield Wire(sock, reader, writer)
    finally:
        writer.transport.abort()


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a leak would show in."""

    files: int
    tasks: int

    @classmethod
    def now(cls) -> Held:
        return cls(files=len(os.listdir("/proc/self/fd")), tasks=len(asyncio.all_tasks()))


async def until(ready: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(seconds):
        while not ready():  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)


def post(body: bytes, *headers: str, path: str = "/v1/chat/completions") -> bytes:
    """A request with its length."""
    return head(f"content-length: {len(body)}", *headers, path=path) + body


def head(*headers: str, path: str = "/v1/chat/completions", method: str = "POST") -> bytes:
    """The head of a request."""
    lines = (f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1")
