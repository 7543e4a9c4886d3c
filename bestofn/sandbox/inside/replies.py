"""What goes back to the library: results of runs, and the bytes that they answered."""

from __future__ import annotations

import os
import select
import socket
import time
from typing import NamedTuple

from . import files, frames

OUT_OF_TOTAL = "the job's total time is over"
_PATIENCE = 0.2  # seconds that a result may wait for others


class Result(NamedTuple):
    """How one run went; see :class:`bestofn.sandbox.Execution`, ``size`` is of its answer."""

    status: str
    error: str
    seconds: float = 0.0
    wall: float = 0.0
    size: int = 0
    marks: tuple[str, ...] = ()


class Replies:
    """Gathers results, so that many short runs cost one message.

    Args:
        library: The wire to the library.
        courier: Carries the answers.
        answers: The file that a program appends its answers to.
    """

    def __init__(self, library: socket.socket, courier: files.Courier, answers: int) -> None:
        self._library = library
        self._courier = courier
        self._answers = answers
        self._results: list[Result] = []
        self._sent = self.held = 0
        self._flushed = time.monotonic()

    def begin(self) -> None:
        """Have the file of answers empty for a program that is about to go on."""
        self.flush()
        files.reset(self._answers)
        self._sent = self.held = 0

    def add(self, result: Result) -> None:
        """Take a result whose answer, if it has one, is at the end of the file of answers."""
        self._results.append(result)
        self.held += result.size
        # Not if that may have to wait for the library: the program's clocks would not be looked at.
        late = time.monotonic() - self._flushed > _PATIENCE
        if late and select.select([], [self._library], [], 0)[1]:
            self.flush()

    def add_left(self, result: Result, file: int) -> None:
        """Take a result whose answer is at the start of another file, and send it at once."""
        self._send([*self._checked(), result])
        self._courier.deliver(file, 0, result.size)

    def flush(self, *, at_rest: bool = False) -> None:
        """Send what was gathered.

        Args:
            at_rest: The program waits, and so has nothing in the file that it did not report.
        """
        if self._results:
            self._send(self._checked(at_rest=at_rest))
        self._flushed = time.monotonic()

    def _checked(self, *, at_rest: bool = False) -> list[Result]:
        """The results so far; a program whose answers are not what it reported has none."""
        size = os.fstat(self._answers).st_size
        if size == self.held or (size > self.held and not at_rest):
            return self._results
        self.held = self._sent
        problem = "malformed report: the answers are not what was reported"
        return [Result("crash", problem) for _ in self._results]

    def _send(self, results: list[Result]) -> None:
        self._library.sendall(frames.pack({"results": results}))
        self._courier.deliver(self._answers, self._sent, self.held - self._sent)
        self._sent = self.held
        self._results = []
