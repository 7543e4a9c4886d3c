"""How many requests may be under way at once: fewer when the server is overrun, then more again."""

from __future__ import annotations

import time
from collections import deque

import anyio


class AdaptiveLimiter:
    """A first-come-first-served gate whose width follows what the server can take.

    It starts wide open, halves when a request is turned away for load, and grows by little steps
    with every answer, as TCP does. Many refusals of requests that were under way together count
    as one: only a request that started after the last halving can cause the next.

    Args:
        most: The widest the gate gets.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._waiting: deque[anyio.Event] = deque()
        self._started = 0
        self._last_cut = 0
        self._closed_until = 0.0

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """How many requests are under way or about to start."""
        return self._in_flight

    async def acquire(self) -> int:
        """Wait for a place; to be followed by :meth:`release`, whatever happens.

        Returns:
            A ticket for :meth:`refused`.
        """
        if self._waiting or self._in_flight >= self.limit:
            turn = anyio.Event()
            self._waiting.append(turn)
            try:
                await turn.wait()
            except BaseException:
                if turn.is_set():  # the place was given away in the moment of the cancellation
                    self.release()
                else:
                    self._waiting.remove(turn)
                raise
        else:
            self._in_flight += 1
        try:
            # The server named the moment; it may have named a later one meanwhile.
            while (seconds := self._closed_until - time.monotonic()) > 0:  # noqa: ASYNC110
                await anyio.sleep(seconds)
        except BaseException:
            self.release()
            raise
        self._started += 1
        return self._started

    def release(self) -> None:
        """Give the place to whoever has waited longest."""
        self._in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """Note that the server coped: a little wider."""
        if self._limit < self._most:
            # With every round of answers a sixteenth of the whole, at least one; with every
            # answer at most one.
            step = min(1.0, max(1.0, self._most / 16) / self._limit)
            self._limit = min(self._most, self._limit + step)
            self._wake()

    def refused(self, ticket: int, *, wait: float | None = None) -> None:
        """Note that the server turned a request away for load: half as wide.

        Args:
            ticket: What :meth:`acquire` gave to that request.
            wait: Seconds in which the server does not want to be asked at all.
        """
        if wait is not None:
            self._closed_until = max(self._closed_until, time.monotonic() + wait)
        if ticket > self._last_cut:
            self._last_cut = self._started
            self._limit = max(1.0, self._limit / 2)

    def _wake(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            self._in_flight += 1
            self._waiting.popleft().set()
