"""The process that runs test scripts, kept from one job to the next.

Programs are untrusted and get a process each. Test scripts come from the caller: one process,
confined like any program, runs them one after the other, and only the wire to the program under
test is new each time. It is given up as soon as anything about a run was out of the ordinary.
"""

from __future__ import annotations

import socket

from . import files
from .children import Child
from .isolate import Isolation
from .limits import RunLimits


class ScriptProcess:
    """A process for test scripts and the channel that brings it their wires.

    Args:
        isolation: What keeps it from the machine.
        limits: What it may use.
        exchange: Where its scripts come from.
    """

    def __init__(self, isolation: Isolation, limits: RunLimits, exchange: files.Exchange) -> None:
        self.is_new = True
        self._channel, theirs = socket.socketpair()
        self.child = Child(isolation, slot="checker", limits=limits, exchange=exchange)
        self.child.play("check", theirs)

    def connect(self, wire: socket.socket, setup: int, exchange: files.Exchange) -> None:
        """Hand over the wire to a program, the file with what its scripts build on, and others."""
        given = [wire.fileno(), setup, exchange.inputs, exchange.answers]
        socket.send_fds(self._channel, [b"w"], given)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class ScriptProcesses:
    """At most one such process, while no job is using it.

    Args:
        isolation: What keeps it from the machine.
        exchange: Where its scripts come from.
    """

    def __init__(self, isolation: Isolation, exchange: files.Exchange) -> None:
        self._isolation = isolation
        self._exchange = exchange
        self._kept: ScriptProcess | None = None

    def take(self, limits: RunLimits) -> ScriptProcess:
        """The kept process if its limits fit, else a new one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            if kept.child.limits.bind_like(limits) and kept.child.is_fit:
                kept.is_new = False
                kept.child.limits = limits
                kept.child.restart_clock()
                return kept
            kept.child.end()
            kept.close()
        return ScriptProcess(self._isolation, limits, self._exchange)

    def keep(self, process: ScriptProcess) -> None:
        """Put a process aside for the next job."""
        self._kept = process
