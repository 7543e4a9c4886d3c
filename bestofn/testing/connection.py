"""One client of the loopback server: reads a request, waits, answers, reads the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from .completions import error_body
from .faults import Cut
from .http import BadRequest, Request, RequestReader, as_json, reply


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a request is answered.

    Attributes:
        data: The whole reply.
        cut: How to break it off, if at all.
        wait: Seconds between the arrival of the request and the reply.
        counts: Whether this is work that is in flight until then, not a look at the server.
    """

    data: bytes
    cut: Cut | None = None
    wait: float = 0.0
    counts: bool = False


@dataclass
class Traffic:
    """What the connections of a server are doing.

    Attributes:
        connections: Those that are open.
        idle: Set while there are none.
        opened: How many there have been.
        waiting: Requests in flight.
        most_waiting: The largest that this has been.
        left: Clients that went away before their reply.
    """

    connections: set[Connection] = field(default_factory=set)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    opened: int = 0
    waiting: int = 0
    most_waiting: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self.idle.set()

    def release(self) -> None:
        """Let every stalled reply go on."""
        for connection in list(self.connections):
            connection.release()

    def abort(self) -> None:
        """Drop every connection."""
        for connection in list(self.connections):
            connection.transport.abort()


class Connection(asyncio.Protocol):
    """A connection, kept alive. Timers instead of tasks: waiting costs next to nothing.

    Args:
        plan: Decides on the answer to a request.
        traffic: Where to count.
    """

    transport: asyncio.Transport

    def __init__(self, plan: Callable[[Request], Plan], traffic: Traffic) -> None:
        self._plan = plan
        self._traffic = traffic
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._timer: asyncio.TimerHandle | None = None
        self._rest: tuple[bytes, bool] | None = None  # of a stalled reply
        self._busy = False
        self._counted = False
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._traffic.connections.add(self)
        self._traffic.idle.clear()
        self._traffic.opened += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        del exc
        self._traffic.connections.discard(self)
        if not self._traffic.connections:
            self._traffic.idle.set()
        if self._timer is not None:
            self._timer.cancel()
        self._traffic.left += self._counted
        self._done()

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        self._reader.feed(data)
        self._next()

    def release(self) -> None:
        """Go on after a stall."""
        if self._rest is not None:
            data, keep = self._rest
            self._write(data, keep)
            self._next()

    def _next(self) -> None:
        try:
            while not self._busy and not self.transport.is_closing():  # replies keep the order
                request = self._reader.next()
                if request is None:
                    self._greet()
                    return
                self._greeted = False
                self._serve(request)
        except BadRequest as problem:
            body = as_json(error_body(str(problem), kind="invalid_request_error"))
            self._write(reply(problem.status, body, keep=False), keep=False)

    def _greet(self) -> None:
        if self._reader.wants_continue and not self._greeted:
            self._greeted = True
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _serve(self, request: Request) -> None:
        arrived = self._loop.time()
        self._busy = True
        plan = self._plan(request)
        if plan.counts:
            self._counted = True
            self._traffic.waiting += 1
            self._traffic.most_waiting = max(self._traffic.most_waiting, self._traffic.waiting)
        if plan.wait > 0:
            self._timer = self._loop.call_at(arrived + plan.wait, self._late, plan, request.keep)
        else:
            self._answer(plan, request.keep)

    def _late(self, plan: Plan, keep: bool) -> None:
        self._timer = None
        self._answer(plan, keep)
        self._next()  # what the client sent meanwhile

    def _answer(self, plan: Plan, keep: bool) -> None:
        if plan.cut is None:
            self._write(plan.data, keep)
            return
        head = plan.data.index(b"\r\n\r\n") + 4
        share = plan.cut.share
        sent = head + int(share * (len(plan.data) - head)) if share > 0 else 0
        if plan.cut.then == "stall":
            self.transport.write(plan.data[:sent])
            self._rest = plan.data[sent:], keep
            return
        self._write(plan.data[:sent], keep=False)
        if plan.cut.then == "reset":
            self.transport.abort()

    def _write(self, data: bytes, keep: bool) -> None:
        self.transport.write(data)
        self._done()
        if not keep:
            self.transport.close()

    def _done(self) -> None:
        self._busy = False
        self._rest = None
        self._traffic.waiting -= self._counted
        self._counted = False
