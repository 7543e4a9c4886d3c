"""Files that a worker shares with the programs it runs, and the copying into and out of them.

Inputs, test scripts and programs pass from the library's socket into anonymous files without
leaving a trace in the worker's own memory: every later program is a fork of the worker and
could otherwise search what it inherited for the secrets of an earlier job.
"""

from __future__ import annotations

import mmap
import os
import socket

from .frames import EndOfStream, receive_exactly

BLOB_HEADER = 8
_CHUNK = 1 << 18
_PIECE = 1 << 16  # what is bigger, the allocator gets from the kernel and gives back each time


def new_file(name: str) -> int:
    """An empty anonymous file; returns its descriptor."""
    return os.memfd_create(name, os.MFD_CLOEXEC)


def reset(fd: int) -> None:
    """Empty a file and go back to its start (also for those who share the descriptor)."""
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)


def copy(source: int, start: int, size: int, target: int) -> None:
    """Append bytes of one file to another, past this process' memory.

    Raises:
        EOFError: the source ends before.
    """
    while size:
        count = os.sendfile(target, source, start, size)
        if count == 0:
            raise EOFError("a file is shorter than it should be")
        start += count
        size -= count


def read_all(fd: int, limit: int, start: int = 0) -> bytes:
    """At most ``limit`` bytes of a file from ``start`` on, whatever its position."""
    parts = []
    offset, limit = start, start + limit
    while offset < limit:
        part = os.pread(fd, min(limit - offset, _PIECE), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def read_tail(fd: int, size: int) -> str:
    """The last ``size`` bytes of a file as text."""
    length = os.fstat(fd).st_size
    data = os.pread(fd, size, max(0, length - size))
    return data.decode("utf-8", "replace")


class Exchange:
    """Files between a worker and the programs it runs, one job after the other.

    Attributes:
        program: What the process of a program loads.
        inputs: What the runs of a job are fed, one after the other.
        answers: What they answered, one after the other.
    """

    def __init__(self) -> None:
        self.program = new_file("program")
        self.inputs = new_file("inputs")
        self.answers = new_file("answers")

    def renew(self) -> None:
        """Put new files in place of those that the programs of a job could write to.

        Emptying them would not do: flags, rights and whatever else a program gives a file stay.
        """
        os.close(self.inputs)
        os.close(self.answers)
        self.inputs, self.answers = new_file("inputs"), new_file("answers")


class Courier:
    """Moves blobs (eight bytes of length, then the bytes) from a socket into files, and back."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        # Private: what programs inherit of it is a copy, which is empty.
        self._scratch = mmap.mmap(-1, _CHUNK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view = memoryview(self._scratch)

    def blob_size(self) -> int:
        """Read the header of the next blob."""
        return int.from_bytes(receive_exactly(self._stream, BLOB_HEADER), "big")

    def move(self, fd: int, size: int) -> None:
        """Append a blob's bytes to a file and go back to its start.

        Raises:
            EndOfStream: the library closed its end before.
        """
        used = 0
        try:
            while size:
                count = self._stream.recv_into(self._view[: min(size, _CHUNK)])
                if count == 0:
                    raise EndOfStream("the library closed the stream within a job")
                used = max(used, count)
                size -= count
                part = self._view[:count]
                while part:
                    part = part[os.write(fd, part) :]
        finally:
            self._view[:used] = bytes(used)
        os.lseek(fd, 0, os.SEEK_SET)

    def deliver(self, fd: int, start: int, size: int) -> None:
        """Send ``size`` bytes of a file, which do not pass through this process.

        A file that has become shorter meanwhile (its program may still be at it) is filled up
        with zeros: the library was promised so many bytes.
        """
        end = start + size
        while start < end:
            count = os.sendfile(self._stream.fileno(), fd, start, end - start)
            if count == 0:
                self._stream.sendall(bytes(min(end - start, _CHUNK)))
                count = min(end - start, _CHUNK)
            start += count
