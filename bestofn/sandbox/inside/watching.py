"""Waiting for a program with everyone's clocks running."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from typing import Any

from .children import Child, Ending, LibraryGone

_CORES = os.cpu_count() or 1
_LATE = 0.5  # seconds
_LONGEST_NAP = 0.5
_SHORTEST_NAP = 0.002  # seconds between looks at a processor clock that is about to run out


def watch(
    children: Sequence[Child],
    reporter: Child,
    deadline: float,
    library: socket.socket,
) -> dict[str, Any]:
    """Wait until one child reports on its run, within everyone's limits.

    Args:
        children: All whose clocks run.
        reporter: The one whose report ends the waiting.
        deadline: On the monotonic clock.
        library: Its end ends everything.

    Raises:
        Ending: the reporter ended, or a clock ran out.
        ChildFault: the reporter could not be set up.
        LibraryGone: nobody waits any more.
    """
    ready: set[int] = set()
    ended: set[int] = set()
    while True:
        message = reporter.news(ready)
        if message is not None:
            return message
        looked = time.monotonic()
        nap = deadline - looked
        if nap <= 0:
            raise Ending("timeout", "out of wall-clock time")
        poll = select.poll()
        poll.register(library, select.POLLRDHUP)
        for child in children:
            if child.pid in ended:
                continue
            left = child.left()
            if left <= 0:
                raise Ending("timeout", "out of processor time")
            nap = min(nap, max(left / _CORES, _SHORTEST_NAP))
            for descriptor in child.descriptors(news=child is reporter):
                poll.register(descriptor, select.POLLIN)
        nap = min(nap, _LONGEST_NAP)
        ready = {descriptor for descriptor, _ in poll.poll(nap * 1000)}
        # Time beyond the nap is time in which nothing ran: a paused machine, a stopped process.
        late = time.monotonic() - looked - nap
        if late > _LATE:
            deadline += late
        if library.fileno() in ready:
            raise LibraryGone
        # Another process that ends has its say when it is asked; only do not wake up for it.
        ended |= {child.pid for child in children if child is not reporter and child.is_dead(ready)}
