"""Processes for programs, made ahead of time.

Making a process that is fit for a program (fork, limits, filters) takes longer than most programs
run. So the next one is made while the present program runs. It comes from the worker, which
never holds a program, an input or a test, and waits without a part to play.
"""

from __future__ import annotations

from . import files
from .children import Child
from .isolate import Isolation
from .limits import RunLimits


class Spares:
    """At most one process that waits for its program.

    Args:
        isolation: What keeps it from the machine.
        exchange: Where programs and inputs come from and answers go.
    """

    def __init__(self, isolation: Isolation, exchange: files.Exchange) -> None:
        self._isolation = isolation
        self._exchange = exchange
        self._waiting: Child | None = None

    def take(self, limits: RunLimits) -> Child:
        """The waiting process if its limits fit, else a new one."""
        child, self._waiting = self._waiting, None
        if child is not None:
            if child.limits.bind_like(limits) and child.is_fit:
                child.limits = limits
                return child
            child.end()
        return self._new(limits)

    def prepare(self, limits: RunLimits) -> None:
        """Have a process waiting."""
        if self._waiting is None:
            self._waiting = self._new(limits)

    def drop(self) -> None:
        """End the waiting process: it lacks something that the worker has by now."""
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None

    def _new(self, limits: RunLimits) -> Child:
        return Child(self._isolation, slot="program", limits=limits, exchange=self._exchange)
