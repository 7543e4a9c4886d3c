"""Journal, budget, session, journal, budget, event: the way of every call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from anyio import CancelScope

from ..backends.base import Backend
from ..budget import Budget, Limit, Price, Reservation
from ..chat import ChatRequest, Reply
from ..errors import BackendError, InvalidInput
from ..events import (
    BudgetSpent,
    CallFailed,
    CallFinished,
    CallStarted,
    ComparisonMade,
    Event,
    Listener,
    Noted,
    SelectionMade,
    Trace,
)
from ..journal import KEPT, Call, Journal, keys_of
from ..journal.codec import dump
from ..types import Usage
from .accounting import counted
from .flights import Flight
from .memory import Memory
from .patience import see_through
from .prices import Prices
from .room import Room
from .sessions import Sessions
from .wish import Wish

RESERVED = ("comparison", "selection")
"""Kinds of notes that have a form of their own, which ``bestofn inspect`` reads."""


class Calls:
    """Every paid call of a run: kept in a journal, within a budget, reported to listeners.

    An async context manager, for one event loop and one run. The same draw of the same request
    is asked once: who asks again gets the same reply, marked as recorded, at no further cost.
    Without a journal replies are kept in memory as long as the run lasts.

    A reply from the journal of an earlier run counts towards the budget like one that is paid
    now, so that a run that was killed and is repeated takes the same path. The limit of seconds
    alone counts what passes now. Tokens and dollars are known only when replies arrive: where
    they arrive in another order, calls near such a limit may differ.

    Cancelling who asks gives up requests that nobody else waits for. Replies that have arrived
    are committed in any case.

    Args:
        budget: What the run may cost.
        journal: File that keeps every reply; made when it is missing.
        prices: By backend name (``openai/gpt-5-mini``) or model; list prices are used for
            others when ``bestofn[prices]`` is installed.
        trace: File to which every event is appended, one JSON object a line.
        on_event: Hears of every event, in the event loop. What it raises is raised to whoever
            asked, after the reply was committed and counted.
    """

    def __init__(
        self,
        *,
        budget: Budget = Budget(),  # noqa: B008 - frozen
        journal: str | Path | None = None,
        prices: Mapping[str, Price] | None = None,
        trace: str | Path | None = None,
        on_event: Listener | None = None,
    ) -> None:
        for name, price in (prices or {}).items():
            if not isinstance(price, Price):
                raise InvalidInput(f"prices[{name!r}]", "must be a Price")
        if not isinstance(budget, Budget):
            raise InvalidInput("budget", f"must be a Budget, got {type(budget).__name__}")
        self.budget = budget
        self.stopped_by: str | None = None
        """The limit that first kept a call from being made, or None."""
        self._journal = journal
        self._trace_path = trace
        self._on_event = on_event
        self._prices = Prices(prices or {})
        self._sessions = Sessions()
        self._flights: dict[bytes, Flight] = {}
        self._tasks: dict[asyncio.Task[list[Reply]], Flight] = {}
        self._used: set[bytes] = set()
        self._one_by_one: set[tuple[str, bool]] = set()
        self._numbers = count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._trace: Trace | None = None
        self._store: Journal | Memory
        self._room: Room

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._loop is not None and not self._closed

    @property
    def usage(self) -> Usage:
        """What the run's replies cost, those of an earlier run that it used included."""
        return self._room.usage if self._loop is not None else Usage()

    @property
    def paid(self) -> Usage:
        """The part of :attr:`usage` that was paid now."""
        return self._room.paid if self._loop is not None else Usage()

    async def __aenter__(self) -> Calls:
        """Open journal and trace.

        Raises:
            InvalidInput: it was opened before, or the trace cannot be written.
            JournalError: the journal cannot be used.
        """
        if self._loop is not None:
            raise InvalidInput("calls", "can be opened once; make new Calls for another run")
        trace = Trace(self._trace_path) if self._trace_path is not None else None
        try:
            self._store = await _opened(self._journal)
        except BaseException:
            if trace is not None:
                trace.close()
            raise
        self._trace = trace
        self._loop = asyncio.get_running_loop()
        self._room = Room(self.budget, self._spent)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give up what is unanswered, commit what is answered, close sessions and files."""
        self._closed = True
        self._room.close()
        with CancelScope(shield=True):
            for flight in self._tasks.values():
                flight.give_up()
            first = await see_through(list(self._tasks))
            second, errors = await self._sessions.close()
            third = None
            if isinstance(self._store, Journal):
                closing = asyncio.get_running_loop().run_in_executor(None, self._store.close)
                third = await see_through([closing])
                if isinstance(error := closing.exception(), Exception):
                    errors.append(error)
        if self._trace is not None:
            self._trace.close()
        if cancelled := first or second or third:
            raise cancelled
        for error in errors:
            if exc is None:
                raise error
            exc.add_note(f"and closing the calls failed: {error}")

    async def ask(
        self,
        backend: Backend,
        request: ChatRequest,
        *,
        n: int = 1,
        purpose: str = "judge",
        label: Mapping[str, Any] | None = None,
    ) -> list[Reply]:
        """Draw up to ``n`` replies to one request: samples ``request.sample`` and following.

        Args:
            backend: Who is asked.
            request: What is asked.
            n: How many replies are wanted, at least 1.
            purpose: What for (``judge``, ``sample``); calls of one purpose are expected to
                cost alike.
            label: Anything with a JSON form, kept with the call.

        Returns:
            The replies in the order of samples. Fewer, perhaps none, when the budget ends
            before; :attr:`stopped_by` then names the limit.

        Raises:
            InvalidInput: not open here, or an argument that cannot be used.
            BackendError: no such request will ever be answered.
            JournalError: the reply was paid for but could not be kept.
        """
        self._check_open()
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InvalidInput("n", f"must be a whole number of at least 1, got {n!r}")
        label = dict(label or {})
        keyed = keys_of(backend.identity, request, n)
        price = None
        if self.budget.dollars is not None:
            price = await self._prices.require(backend)
            self._check_open()
        wish = Wish(
            backend=backend,
            request=request,
            purpose=purpose,
            label=label,
            label_json=dump("label", label) if label else b"{}",
            keys=[key for key, _ in keyed],
            bodies=[body for _, body in keyed],
            price=price,
        )
        parts: list[Reply | tuple[Flight, int]] = []
        joined: list[Flight] = []
        try:
            while len(parts) < n and await self._add(wish, parts, joined):
                pass
            replies = []
            for part in parts:
                reply = part if isinstance(part, Reply) else await part[0].reply(part[1])
                if reply is None:
                    break
                replies.append(reply)
            return replies
        finally:
            for flight in joined:
                for unwanted in flight.leave():
                    unwanted.give_up()
                    self._forget(unwanted)

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Write something of one's own into journal and trace, and tell the listener.

        Args:
            kind: What it is; ``comparison`` and ``selection`` are taken.
            body: Anything with a JSON form.

        Raises:
            InvalidInput: not open here, the kind is taken, or the body has no JSON form.
        """
        self.emit(Noted(kind=kind, body=body))

    def emit(self, event: Event) -> None:
        """Tell trace and listener of an event; verdicts and selections go into the journal too.

        Raises:
            InvalidInput: not open here, or what it says has no JSON form.
        """
        self._check_open()
        if isinstance(event, Noted):
            if event.kind in RESERVED:
                raise InvalidInput(
                    "kind", f"{event.kind!r} is written by the run itself; choose another name"
                )
            self._store.note(event.kind, event.body)
        elif isinstance(event, ComparisonMade):
            body = {"problem": event.problem, "judge": event.judge, "comparison": event.comparison}
            self._store.note("comparison", body)
        elif isinstance(event, SelectionMade):
            self._store.note("selection", {"problem": event.problem, "selection": event.selection})
        self._tell(event)

    async def _add(
        self, wish: Wish, parts: list[Reply | tuple[Flight, int]], joined: list[Flight]
    ) -> bool:
        """Find or start the next draws; False when the budget does not allow any more.

        Between the last look at what is there and the start of a request nothing is awaited:
        of two who want the same draw one always sees the other.
        """
        index = len(parts)
        key = wish.keys[index]
        flight = self._flights.get(key)
        if flight is not None:
            self._join(flight, joined)
            parts.append((flight, flight.keys.index(key)))
            return True
        recorded = self._store.get(key)
        if recorded is not None and key in self._used:
            parts.append(recorded)
            return True
        end = index + 1
        alone = len(wish.keys) > 1 and wish.likeness in self._one_by_one
        together = recorded is None and not alone
        while together and end < len(wish.keys) and self._missing(wish.keys[end]):
            end += 1
        reservation = await self._room.reserve(wish, end - index)
        if reservation is None:
            return False
        keys = wish.keys[index : index + reservation.calls]
        if any(key in self._flights or key in self._used for key in keys):
            self._room.release(reservation)  # somebody else was faster while this one waited
            return True
        if recorded is not None:
            self._used.add(key)
            self._room.settle(wish, [recorded], reservation)
            number = next(self._numbers)
            self._tell(CallFinished(**wish.about(number, index), replies=(recorded,)))
            parts.append(recorded)
            return True
        flight = Flight(keys)
        self._join(flight, joined)
        self._start(wish, index, flight, reservation, alone=alone)
        parts.extend((flight, place) for place in range(len(keys)))
        return True

    def _start(
        self, wish: Wish, index: int, flight: Flight, reservation: Reservation, *, alone: bool
    ) -> None:
        self._flights.update(dict.fromkeys(flight.keys, flight))
        task = flight.start(self._fly(wish, index, flight, reservation, alone))
        self._tasks[task] = flight
        task.add_done_callback(self._tasks.pop)

    async def _fly(
        self, wish: Wish, index: int, flight: Flight, reservation: Reservation, alone: bool
    ) -> list[Reply]:
        """Ask, commit, settle, tell; then see to it that others bring what is missing.

        Args:
            wish: What is wanted.
            index: Which of its draws is the first.
            flight: This one.
            reservation: Room for the draws.
            alone: Whether it is one of several that the server does not draw together.
        """
        about = wish.about(next(self._numbers), index)
        calls = reservation.calls
        started = False
        pricing = self._prices.start(wish.backend)
        try:
            session = await self._sessions.get(wish.backend)
            self._tell(CallStarted(**about, n=calls))
            started = True
            replies = await session.ask(about["request"], calls)
        except BaseException as error:
            self._room.release(reservation)
            self._forget(flight)
            if started:
                kind = type(error).__name__
                self._tell(CallFailed(**about, n=calls, error=str(error) or kind, error_type=kind))
            raise
        flight.answered = True
        cancelled = await see_through([pricing])
        price = None if pricing.exception() else pricing.result()
        if alone:
            replies = [replace(reply, ignored=(*reply.ignored, "n")) for reply in replies]
        answers = [counted(reply, price) for reply in replies[:calls]]
        commit = self._store.put(
            Call(
                key=key,
                request=body,
                backend=wish.backend.name,
                identity=wish.backend.identity,
                purpose=wish.purpose,
                label=wish.label_json,
                reply=reply,
            )
            for key, body, reply in zip(flight.keys, wish.bodies[index:], answers, strict=False)
        )
        cancelled = await see_through([commit]) or cancelled
        self._room.settle(wish, answers, reservation)
        self._forget(flight)
        commit.result()
        self._used.update(
            key for key, reply in zip(flight.keys, answers, strict=False) if reply.status in KEPT
        )
        self._tell(CallFinished(**about, replies=tuple(answers)))
        if cancelled:
            raise cancelled
        if not 1 <= len(replies) <= calls:
            raise BackendError(
                f"{wish.backend.name} gave {len(replies)} replies where {calls} were asked for; "
                "a session must give at least one and no more than that"
            )
        if len(replies) < calls:
            await self._hand_on(wish, index, flight, answers)
        return answers

    async def _hand_on(
        self, wish: Wish, index: int, flight: Flight, answers: Sequence[Reply]
    ) -> None:
        """Start a request for each draw that a flight did not bring, as far as the budget goes.

        Between the settling and the first reservations nothing is awaited unless others wait in
        line: nobody gets the room for calls that this flight had.
        """
        alone = "n" in answers[0].ignored
        if alone:
            self._one_by_one.add(wish.likeness)
        missing = range(len(answers), len(flight.keys))
        self._flights.update((flight.keys[place], flight) for place in missing)
        try:
            if not flight.wanted:
                return
            self._check_open()
            flight.answered = False  # what came is kept: waiting in line may be given up
            for place in missing:
                reservation = await self._room.reserve(wish, 1)
                if reservation is None:
                    return
                other = flight.hand_on(place)
                self._start(wish, index + place, other, reservation, alone=alone)
        finally:
            self._forget(flight)

    def _spent(self, limit: Limit) -> None:
        if self.stopped_by is None:
            self.stopped_by = limit
            self._tell(BudgetSpent(limit=limit, usage=self.usage))

    def _missing(self, key: bytes) -> bool:
        return key not in self._flights and self._store.get(key) is None

    def _join(self, flight: Flight, joined: list[Flight]) -> None:
        if flight not in joined:
            flight.join()
            joined.append(flight)

    def _forget(self, flight: Flight) -> None:
        for key in flight.keys:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _tell(self, event: Event) -> None:
        if self._trace is not None:
            self._trace(event)
        if self._on_event is not None:
            self._on_event(event)

    def _check_open(self) -> None:
        if self._loop is None:
            raise InvalidInput("calls", "is not open; use it as `async with Calls(...) as calls:`")
        if self._closed:
            raise InvalidInput("calls", "was closed; make new Calls")
        if asyncio.get_running_loop() is not self._loop:
            raise InvalidInput("calls", "is open in another event loop; open one in each")


async def _opened(path: str | Path | None) -> Journal | Memory:
    if path is None:
        return Memory()
    opening = asyncio.get_running_loop().run_in_executor(None, Journal, path)
    cancelled = await see_through([opening])
    journal = opening.result()
    if cancelled:
        journal.close()
        raise cancelled
    return journal
