"""Messages on a byte stream: four bytes of length, then that many bytes of JSON.

The other end may be a program that lies. Every length is checked before memory is spent on it,
and whatever is not a frame of the promised kind is a :class:`FrameError`.
"""

from __future__ import annotations

import json
import socket
from typing import Any

HEADER = 4
SMALL = 1 << 16  # bytes; reports about a run, which carry no values
LARGE = 4 << 20  # bytes; what the library and a worker say about a group of runs
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one each time


class FrameError(Exception):
    """What came over the wire is not a frame, or is longer than was agreed."""


class EndOfStream(FrameError):
    """The other end closed the stream."""


def pack(message: Any) -> bytes:
    """The frame of a message made of JSON's own types."""
    body = _encode(message).encode("ascii")
    return len(body).to_bytes(HEADER, "big") + body


def parse(body: bytes | bytearray) -> Any:
    """The message in a frame's body.

    Raises:
        FrameError: it is not JSON, or nested beyond reason.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}") from error


class FrameReader:
    """Takes bytes as they come and gives back whole frames.

    Args:
        limit: The longest body in bytes that is accepted.
    """

    def __init__(self, limit: int = SMALL) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes taken that no frame has used yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take more bytes from the stream."""
        self._buffer += data

    def next(self) -> Any:
        """The next message, or None while it is not complete (no message is None itself).

        Raises:
            FrameError: the stream does not hold a frame here.
        """
        if len(self._buffer) < HEADER:
            return None
        size = int.from_bytes(self._buffer[:HEADER], "big")
        if size > self.limit:
            raise FrameError(f"a frame of {size} bytes where at most {self.limit} are allowed")
        if len(self._buffer) < HEADER + size:
            return None
        body = self._buffer[HEADER : HEADER + size]
        del self._buffer[: HEADER + size]
        message = parse(body)
        if message is None:
            raise FrameError("an empty message")
        return message


def receive_exactly(stream: socket.socket, size: int) -> bytearray:
    """Block until ``size`` bytes have come.

    Raises:
        EndOfStream: the other end closed before.
    """
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = stream.recv_into(view)
        if count == 0:
            raise EndOfStream("the stream ended")
        view = view[count:]
    return data


def receive(stream: socket.socket, limit: int = SMALL) -> Any:
    """Block until one whole message has come, without taking a byte beyond it.

    Raises:
        EndOfStream: the other end closed before.
        FrameError: what came is not a frame.
    """
    size = int.from_bytes(receive_exactly(stream, HEADER), "big")
    if size > limit:
        raise FrameError(f"a frame of {size} bytes where at most {limit} are allowed")
    return parse(receive_exactly(stream, size))


def send(stream: socket.socket, message: Any) -> None:
    """Send one message.

    Raises:
        OSError: the other end is gone.
    """
    stream.sendall(pack(message))
