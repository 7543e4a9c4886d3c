"""The draws of a run: found in the store, shared with who asked before, or asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from ..budget import Reservation
from ..chat import Reply
from ..errors import BackendError
from ..events import CallFailed, CallFinished, CallStarted, Event
from ..journal import KEPT, Call, Journal
from .accounting import counted
from .flights import Flight
from .memory import Memory
from .patience import see_through
from .prices import Prices
from .room import Room
from .sessions import Sessions
from .wish import Wish


class Draws:
    """Brings the replies that are wanted, each draw at most once a run.

    Args:
        store: What is known already, and where answers are committed.
        room: The budget.
        prices: What calls cost.
        tell: Hears of every call.
        check_open: Raises when the run is over.
    """

    def __init__(
        self,
        store: Journal | Memory,
        room: Room,
        prices: Prices,
        *,
        tell: Callable[[Event], None],
        check_open: Callable[[], None],
    ) -> None:
        self._store = store
        self._room = room
        self._prices = prices
        self._tell = tell
        self._check_open = check_open
        self._sessions = Sessions()
        self._flights: dict[bytes, Flight] = {}
        self._tasks: dict[asyncio.Task[list[Reply]], Flight] = {}
        self._used: set[bytes] = set()
        self._one_by_one: set[tuple[str, bool]] = set()
        self._numbers = count(1)

    async def bring(self, wish: Wish) -> list[Reply]:
        """The replies that are wanted, in order; fewer when the budget ends.

        Raises:
            BackendError: no such request will ever be answered.
            JournalError: a reply could not be kept.
        """
        parts: list[Reply | tuple[Flight, int]] = []
        joined: list[Flight] = []
        try:
            while len(parts) < len(wish.keys) and await self._add(wish, parts, joined):
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

    async def close(self) -> tuple[asyncio.CancelledError | None, list[Exception]]:
        """Give up what is unanswered, see to what is answered, close the sessions."""
        for flight in self._tasks.values():
            flight.give_up()
        first = await see_through(list(self._tasks))
        second, errors = await self._sessions.close()
        return first or second, errors

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
