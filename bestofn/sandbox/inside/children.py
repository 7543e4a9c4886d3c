"""The processes that programs run in, seen from the worker: start, watch, end."""

from __future__ import annotations

import contextlib
import fcntl
import io
import math
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

from . import (
    checker,
    files,
    frames,
    harness,
    native,
    official,
    reporting,
    scripts_inside,
    unittests,
)
from .isolate import Isolation
from .limits import RunLimits

_LONGEST_ERROR = 5000  # characters; what is said of a group of runs must fit a frame
_MARKS = ("threads_left", "gone", "unpassable")
_STATUSES = frozenset({"ready", "ok", "exception", "exit", "memory", "output", "crash"})
_UNFED = frozenset({"serve"})
_STANDARD_FILES = frozenset({"stdin", "native"})  # roles whose descriptors 0 and 1 are a program's
_ROLES: dict[str, harness.Role] = {
    "call": harness.run_calls,
    "serve": checker.serve,
    "check": checker.check,
    "unittest": unittests.run,
    "inside": scripts_inside.run,
    "official": official.run,
    "compile": native.compile_program,
    "native": native.become_program,
}


class LibraryGone(Exception):
    """The library closed its end: nobody waits for the answer."""


class ChildFault(Exception):
    """The process could not be set up; says nothing about the program."""


class Ending(Exception):
    """A run ended without a report; carries status and error."""

    def __init__(self, status: str, error: str = "") -> None:
        super().__init__(status, error)
        self.status = status
        self.error = error


class Child:
    """One process for one program (or one script that checks a program).

    It is made without a part to play, which :meth:`play` gives it: what every process needs
    can be prepared before it is known what for.

    Args:
        isolation: What keeps it from the machine.
        slot: ``program`` or ``checker``: the two processes of a job share no place to write.
        limits: What it may use.
        exchange: Where programs and inputs come from and answers go.
    """

    def __init__(
        self, isolation: Isolation, *, slot: str, limits: RunLimits, exchange: files.Exchange
    ) -> None:
        self._isolation = isolation
        self._exchange = exchange
        self.limits = limits
        self._token = self._coming_token = ""
        self._run = 0
        self._base = 0.0
        self._reader = frames.FrameReader()
        self.errors = files.new_file("stderr")
        self.stdout: int | None = None
        self._own_files = [self.errors]
        self._slot = slot
        self._place: str | None = None
        control, theirs = socket.socketpair()
        self.pid = isolation.fork()
        if self.pid == 0:
            wires = {
                reporting.CONTROL: theirs.fileno(),
                reporting.ERRORS: self.errors,
                reporting.PROGRAM: exchange.program,
            }
            _become(isolation, slot, limits, wires)
        theirs.close()
        control.setblocking(False)
        self._control = control
        self._pidfd = os.pidfd_open(self.pid)
        self._clock = (~self.pid << 3) | 2  # CLOCK_PROCESS_CPUTIME_ID of another process
        self._reaped: int | None = None
        self._processor_seconds = 0.0
        self._eof = False

    def processor_seconds(self) -> float:
        """Processor time used so far; it stands still once the process was reaped."""
        if self._reaped is None:
            self._processor_seconds = time.clock_gettime(self._clock)
        return self._processor_seconds

    def play(self, role: str, peer: socket.socket | io.FileIO | None = None) -> None:
        """Give it its part, and let it load its program as soon as it can.

        Its first report says that it is ready, its next one how the loading went.

        Args:
            role: What the process does, see :mod:`.harness`.
            peer: The wire to the other process of the job (or what role ``native`` executes),
                closed here.
        """
        self._place = self._isolation.new_place(self._slot)
        wires: dict[int, int] = {}
        if role in _STANDARD_FILES:
            self.stdout = self._isolation.new_file("stdout")
            wires = {
                reporting.STDIN: self._isolation.new_file("stdin"),
                reporting.STDOUT: self.stdout,
            }
            self._own_files += wires.values()
        if role not in _UNFED:
            wires[reporting.INPUT] = self._exchange.inputs
            wires[reporting.OUTPUT] = self._exchange.answers
        if peer is not None:
            wires[reporting.PEER] = peer.fileno()
        part = {"role": role, "home": self._place, "wires": list(wires)}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its end is noticed later
            socket.send_fds(self._control, [b"p", frames.pack(part)], list(wires.values()))
        if peer is not None:
            peer.close()
        self._coming_token = self._send_go()

    @property
    def is_fit(self) -> bool:
        """Whether a process that has no part yet could still play one."""
        return not select.select([self._pidfd], [], [], 0)[0]

    def start(self, spans: Sequence[tuple[int, int]], room: int) -> None:
        """Let it go through runs; its processor clock for the first starts now.

        Args:
            spans: Start and size of the input of each run.
            room: How many bytes of answers it may gather before it has to wait.
        """
        self._token, self._run = self._send_go(spans, room), 0
        self.restart_clock()

    def loads_now(self) -> None:
        """It has said that it is ready: what it uses from here on, it uses for loading."""
        self._token, self._run = self._coming_token, 0
        self.restart_clock()

    def _send_go(self, spans: Sequence[tuple[int, int]] = (), room: int = 0) -> str:
        token = os.urandom(8).hex()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its end is noticed later
            runs = frames.pack({"runs": spans, "room": room})
            self._control.send(runs + frames.pack({"go": token}))
        return token

    def restart_clock(self) -> None:
        """Count processor seconds from here."""
        self._base = self.processor_seconds()

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._reaped is not None

    def wait_for_end(self, seconds: float) -> Ending:
        """How it ended, when its end is already known from elsewhere."""
        if self._reaped is None and not select.select([self._pidfd], [], [], seconds)[0]:
            return Ending("crash", "the program hung up")
        ending = self._ending()
        if ending.status == "ok":
            return Ending("exit", "the program ended instead of returning")
        return ending

    def used(self) -> float:
        """Processor seconds of the present run."""
        return self.processor_seconds() - self._base

    def left(self) -> float:
        """Processor seconds left to the present run."""
        if not self._token:
            return math.inf  # nothing of a program was asked of it yet
        return self.limits.seconds - self.used()

    def descriptors(self, *, news: bool) -> list[int]:
        """What to watch for its end, and for its report."""
        return [self._control.fileno(), self._pidfd] if news and not self._eof else [self._pidfd]

    def is_dead(self, ready: set[int]) -> bool:
        """Whether it is known to have ended."""
        return self.ended or self._pidfd in ready

    def news(self, ready: set[int]) -> dict[str, Any] | None:
        """The report of the present run if it has come.

        Raises:
            Ending: the process ended, or sent something that is no report.
        """
        dead = self._pidfd in ready
        if dead or self._control.fileno() in ready:
            self._drain()
        try:
            message = self._reader.next()
        except frames.FrameError as error:
            raise Ending("crash", f"malformed report: {error}") from error
        if message is not None:
            token = f"{self._token}.{self._run}" if self._token else ""
            self._run += 1
            return _checked(message, token)
        if dead:
            raise self._ending()
        return None

    def _drain(self) -> None:
        while not self._eof and self._reader.pending <= frames.SMALL:
            try:
                data = self._control.recv(1 << 16)
            except BlockingIOError:
                return
            except ConnectionResetError:
                data = b""
            self._eof = not data
            self._reader.feed(data)

    def _ending(self) -> Ending:
        self._reap()
        status = self._reaped
        assert status is not None
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXFSZ:
                return Ending("output", "a file or the output became too big")
            try:
                name = signal.Signals(number).name
            except ValueError:
                name = f"signal {number}"
            return Ending("crash", name)
        code = os.WEXITSTATUS(status)
        if code == 0:
            return Ending("ok")
        tail = files.read_tail(self.errors, 500).strip()
        return Ending("exit", f"exit status {code}" + (f": {tail}" if tail else ""))

    def _reap(self) -> None:
        if self._reaped is None:
            self.processor_seconds()
            self._reaped = self._isolation.reap(self.pid)

    def end(self) -> None:
        """Kill it with everything it started, and remove what it left."""
        if self._reaped is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
        self._isolation.end_strays()
        self._control.close()
        for descriptor in (self._pidfd, *self._own_files):
            os.close(descriptor)
        if self._place is not None:
            self._isolation.remove_place(self._slot, self._place)


def _become(isolation: Isolation, slot: str, limits: RunLimits, wires: dict[int, int]) -> None:
    """In the new process: take the descriptors, give up every right, wait for a part to play."""
    try:
        high = {target: fcntl.fcntl(source, fcntl.F_DUPFD, 32) for target, source in wires.items()}
        isolation.confine(slot, limits)
        for target, source in high.items():
            os.dup2(source, target, inheritable=False)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(reporting.ERRORS, 2)
        for target in (0, 1, *reporting.PART):  # the latter are taken until they are given
            os.dup2(null, target)
        os.closerange(reporting.LAST + 1, 1 << 20)
    except BaseException as error:
        _say_fault(error, wires[reporting.CONTROL])
    status = 1
    try:
        harness.main(isolation, _ROLES)
        status = 0
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace")[:1000])
    finally:
        os._exit(status)


def _say_fault(error: BaseException, control: int) -> None:
    message = frames.pack({"fault": f"{type(error).__name__}: {error}"[:1000]})
    try:
        os.write(control, message)
    finally:
        os._exit(70)


def _checked(message: Any, token: str) -> dict[str, Any]:
    """A report that is what it should be.

    Raises:
        Ending: it is not.
        ChildFault: it says that the process could not be set up.
    """
    if token == "" and isinstance(message, dict) and "fault" in message:
        raise ChildFault(str(message["fault"]))
    if (
        isinstance(message, dict)
        and message.get("token") == token
        and isinstance(message.get("status"), str)
        and message["status"] in _STATUSES
        and isinstance(message.get("error"), str)
        and len(message["error"]) <= _LONGEST_ERROR
        and isinstance(message.get("reuse"), bool)
        and isinstance(message.get("marks"), list)
        and len(message["marks"]) <= len(_MARKS)
        and all(mark in _MARKS for mark in message["marks"])
        and type(message.get("answer")) is int
    ):
        return message
    raise Ending("crash", "malformed report: not the answer to this run")
