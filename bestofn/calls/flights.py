"""Requests under way, shared by all who want their replies."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from ..chat import Reply
from ..errors import InvalidInput
from .patience import until_done


class Flight:
    """One request under way, in a task of its own.

    It lives as long as somebody wants its replies, and from the moment they have come until
    they are committed whether somebody does or not.

    Args:
        keys: Of the draws that are wanted of it.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = keys
        self.answered = False
        """Whether replies are there that are not yet kept: it must not be cancelled then."""
        self.rest: dict[int, Flight] = {}
        """Who brings the draws, by their places in ``keys``, that this request did not."""
        self._task: asyncio.Task[list[Reply]] | None = None
        self._wanted = 0

    def start(self, work: Coroutine[Any, Any, list[Reply]]) -> asyncio.Task[list[Reply]]:
        """Begin the work in the background."""
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._report)
        return self._task

    @property
    def wanted(self) -> bool:
        """Whether anybody waits for its replies."""
        return self._wanted > 0

    def join(self) -> None:
        """Say that its replies, and the rest, are wanted; :meth:`leave` must follow."""
        self._wanted += 1
        for flight in self.rest.values():
            flight.join()

    def leave(self) -> Iterator[Flight]:
        """Say that they are no longer wanted.

        Yields:
            Those of the flights concerned that nobody else wants either.
        """
        self._wanted -= 1
        if not self._wanted:
            yield self
        for flight in self.rest.values():
            yield from flight.leave()

    def hand_on(self, place: int) -> Flight:
        """A flight for a draw that this request did not bring; wanted by the same."""
        flight = self.rest[place] = Flight([self.keys[place]])
        flight._wanted = self._wanted
        return flight

    def give_up(self) -> None:
        """Cancel it, unless its replies have come."""
        if self._task is not None and not self.answered:
            self._task.cancel()

    async def reply(self, place: int) -> Reply | None:
        """Wait for one of the replies; it is committed when this returns.

        Returns:
            None when the request did not bring it and the budget allows no other.

        Raises:
            InvalidInput: the run was closed meanwhile.
        """
        assert self._task is not None
        await until_done(self._task)
        if self._task.cancelled():
            raise InvalidInput("calls", "was closed while this call was under way")
        replies = self._task.result()
        if place < len(replies):
            return replies[place]
        return await self.rest[place].reply(0) if place in self.rest else None

    def _report(self, task: asyncio.Task[list[Reply]]) -> None:
        """An error that nobody waits for goes where asyncio sends such errors."""
        if task.cancelled() or (error := task.exception()) is None or self._wanted:
            return
        task.get_loop().call_exception_handler(
            {"message": "a model call that nobody waits for failed", "exception": error}
        )
