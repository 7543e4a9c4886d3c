"""Who may call next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..budget import Budget, Limit, Meter, Refusal, Reservation
from ..chat import Reply, total
from ..errors import InvalidInput
from ..types import Usage
from .accounting import charged, telling
from .wish import Wish


class Room:
    """The budget's meter, and the line of those who wait for room in it.

    Args:
        budget: The limits; its seconds start now.
        spent: Called with the limit that keeps a call from being made.
    """

    def __init__(self, budget: Budget, spent: Callable[[Limit], None]) -> None:
        self.usage = Usage()
        """What replies cost, recorded ones included."""
        self.paid = Usage()
        """What replies cost that were not recorded."""
        self._meter = Meter(budget)
        self._spent = spent
        self._turn = asyncio.Lock()
        self._change = asyncio.Event()
        self._closed = False

    async def reserve(self, wish: Wish, calls: int) -> Reservation | None:
        """Room for up to so many calls, or None when the budget has ended.

        Where only the expected cost of calls under way is in the way, waits until one has
        ended: a budget is not given up on a guess. Who came first is served first, and one
        alone is woken.

        Raises:
            InvalidInput: closed while this one waited.
        """
        if not self._turn.locked():
            answer = self._try(wish, calls)
            if not (isinstance(answer, Refusal) and not answer.final):
                return self._decided(answer)
        async with self._turn:
            while True:
                if self._closed:
                    raise InvalidInput("calls", "was closed while this call waited for its turn")
                self._change.clear()
                answer = self._try(wish, calls)
                if not (isinstance(answer, Refusal) and not answer.final):
                    return self._decided(answer)
                await self._change.wait()

    def settle(self, wish: Wish, replies: Sequence[Reply], reservation: Reservation) -> None:
        """Count what came of a reservation."""
        usage = total(replies)
        self.usage += usage
        self.paid += total([reply for reply in replies if not reply.recorded])
        taken = charged(replies, usage, wish.prompt_tokens, wish.price)
        self._meter.settle(reservation, taken, measured=telling(replies))
        self._change.set()

    def release(self, reservation: Reservation) -> None:
        """Give back the room of calls without any reply."""
        self._meter.release(reservation)
        self._change.set()

    def close(self) -> None:
        """Send away who waits."""
        self._closed = True
        self._change.set()

    def _try(self, wish: Wish, calls: int) -> Reservation | Refusal:
        return self._meter.reserve(
            calls,
            kind=wish.kind,
            prompt_tokens=wish.prompt_tokens,
            answer_tokens=wish.request.sampling.max_tokens,
            price=wish.price,
        )

    def _decided(self, answer: Reservation | Refusal) -> Reservation | None:
        if isinstance(answer, Reservation):
            return answer
        self._spent(answer.limit)
        return None
