"""The wire between the process of a program and its worker, from the program's side.

Descriptors: 0 to 2 standard streams, and those named below.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from . import files, frames
from .files import read_all

CONTROL, INPUT, OUTPUT, ERRORS, PROGRAM, PEER, STDIN, STDOUT = 3, 4, 5, 6, 7, 8, 9, 10
PART = (INPUT, OUTPUT, PEER, STDIN, STDOUT)  # only some roles have them
LAST = STDOUT
UNLIMITED = 1 << 40


class Reporter:
    """The wire to the worker. Forked copies of a program never get to use it.

    The worker names several runs at once, and the process goes from one to the next by itself:
    it is the reports, one for each run and in order, that the worker's clocks go by.
    """

    def __init__(self) -> None:
        # With its kind given, Python need not ask the kernel for it.
        self._stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, CONTROL)
        self._pid = os.getpid()
        self._go: str | None = None
        self._ahead = False
        self._spans: list[list[int]] = []
        self._run = 0
        self._answered = self._room = 0

    def take_part(self) -> dict[str, Any]:
        """Wait for the part this process is to play, and take the descriptors that go with it."""
        first, descriptors, _, _ = socket.recv_fds(self._stream, 1, len(PART))
        if not first:
            os._exit(0)
        part: dict[str, Any] = frames.receive(self._stream)
        for target, given in zip(part["wires"], descriptors, strict=True):
            os.dup2(given, target, inheritable=False)
            os.close(given)
        for target, standard in ((STDIN, 0), (STDOUT, 1)):
            if target in part["wires"]:
                os.dup2(target, standard)
        for target in {*PART} - {*part["wires"]}:
            os.close(target)
        return part

    def next_input(self) -> None:
        """Go on to the next run, waiting for the worker to name one, but leave its token alone.

        For who runs the program before the token is in its reach; :meth:`next_run` comes after.
        """
        if not self.last:
            self._run += 1
        else:
            message = self._receive()
            self._spans, self._room = message["runs"], message["room"]
            self._go, self._run, self._answered = None, 0, 0
        self._ahead = True
        if self._spans:
            files.reset(ERRORS)

    def next_run(self) -> str:
        """Go on to the next run, waiting for the worker to name one; returns its token.

        The first one has no input: it is for loading the program.
        """
        if not self._ahead:
            self.next_input()
        self._ahead = False
        if self._go is None:
            self._go = str(self._receive()["go"])
        return f"{self._go}.{self._run}"

    def _receive(self) -> Any:
        try:
            return frames.receive(self._stream)
        except frames.EndOfStream:
            os._exit(0)

    @property
    def last(self) -> bool:
        """Whether the worker has to be asked before there is another run."""
        return self._run + 1 >= len(self._spans) or self._answered > self._room

    @property
    def span(self) -> tuple[int, int]:
        """Where the input of the present run begins in ``INPUT``, and how long it is."""
        start, size = self._spans[self._run]
        return start, size

    def read_input(self) -> bytes:
        """The input of the present run."""
        start, size = self.span
        return read_all(INPUT, size, start)

    def forked(self) -> bool:
        """Whether this is a copy of the program's process that the program made itself."""
        return os.getpid() != self._pid

    def report(
        self,
        token: str,
        status: str,
        error: str = "",
        *,
        reuse: bool = True,
        threads_left: bool = False,
        gone: bool = False,
        unpassable: bool = False,
        answer: bytes = b"",
        printed: int | None = None,
    ) -> None:
        """Tell the worker how a run ended.

        Args:
            token: From :meth:`next_run`.
            status: See :class:`bestofn.sandbox.Execution`.
            error: Likewise.
            reuse: Whether the process is fit for another run.
            threads_left: See :class:`bestofn.sandbox.Execution`.
            gone: The other process of the job ended within the run.
            unpassable: See :class:`bestofn.sandbox.Execution`.
            answer: What the run answered.
            printed: Instead, bytes that were appended to ``OUTPUT`` already, or -1 for an
                answer that lies in ``STDOUT``.
        """
        if self.forked():
            os._exit(0 if status == "ok" else 1)
        size = _append(answer) if printed is None else printed
        self._answered += max(0, size)
        report: dict[str, Any] = {"token": token, "status": status, "error": error, "reuse": reuse}
        marks = {"threads_left": threads_left, "gone": gone, "unpassable": unpassable}
        report["marks"] = [name for name, is_set in marks.items() if is_set]
        report["answer"] = size
        frames.send(self._stream, report)


def _append(data: bytes) -> int:
    """Put the answer of a run where the worker collects it; returns its size."""
    view = memoryview(data)
    while view:
        view = view[os.write(OUTPUT, view) :]
    return len(data)


class StandardFiles:
    """What descriptors 0, 1 and 2 of a program are, made anew for each run."""

    def __init__(self) -> None:
        self._first = True

    def begin(self, reporter: Reporter) -> None:
        """Put the input of the present run on descriptor 0, and empty files on 1 and 2."""
        if not self._first:
            for descriptor in (STDIN, STDOUT):
                files.reset(descriptor)
            for descriptor, kept in enumerate((STDIN, STDOUT, ERRORS)):
                os.dup2(kept, descriptor)
        self._first = False
        start, size = reporter.span
        files.copy(INPUT, start, size, STDIN)
        os.lseek(STDIN, 0, os.SEEK_SET)

    def answer(self, reporter: Reporter, limit: int) -> int:
        """Pass on what was printed, at most ``limit`` bytes and one; what to report of it."""
        if reporter.last:
            return -1  # nothing will overwrite it
        size = min(os.fstat(STDOUT).st_size, limit + 1)
        files.copy(STDOUT, 0, size, OUTPUT)
        return size
