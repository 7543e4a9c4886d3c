"""What a run is handed to call models with: opened, asked, told, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from anyio import CancelScope

from ..backends.base import Backend
from ..budget import Budget, Limit, Price
from ..chat import ChatRequest, Reply
from ..errors import InvalidInput
from ..events import (
    BudgetSpent,
    ComparisonMade,
    Event,
    Listener,
    Noted,
    SelectionMade,
    Trace,
)
from ..journal import Journal, keys_of
from ..journal.codec import dump
from ..types import Usage
from .draws import Draws
from .memory import Memory
from .patience import see_through
from .prices import Prices
from .room import Room
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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._trace: Trace | None = None
        self._store: Journal | Memory
        self._room: Room
        self._draws: Draws

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
        self._draws = Draws(
            self._store,
            self._room,
            self._prices,
            tell=self._tell,
            check_open=self._check_open,
        )
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
            first, errors = await self._draws.close()
            second = None
            if isinstance(self._store, Journal):
                closing = asyncio.get_running_loop().run_in_executor(None, self._store.close)
                second = await see_through([closing])
                if isinstance(error := closing.exception(), Exception):
                    errors.append(error)
        if self._trace is not None:
            self._trace.close()
        if cancelled := first or second:
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
        return await self._draws.bring(wish)

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

    def _spent(self, limit: Limit) -> None:
        if self.stopped_by is None:
            self.stopped_by = limit
            self._tell(BudgetSpent(limit=limit, usage=self.usage))

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
