"""Requests under way, shared by all who want their replies."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from ..chat import Reply
from ..errors import InvalidInput
from .patience import until_done


class Flight:
    """One request under way, in a task of its own.

    It lives as long as somebody wants its replies, and from the moment they have come until
    they are committed whether somebody does or not.

    Args:
        keys: Of the draws that it brings.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = keys
        self.answered = False
        """Set once the replies are there: from then on it must not be cancelled."""
        self._task: asyncio.Task[list[Reply]] | None = None
        self._wanted = 0

    def start(self, work: Coroutine[Any, Any, list[Reply]]) -> asyncio.Task[list[Reply]]:
        """Begin the work in the background."""
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._report)
        return self._task

    def join(self) -> None:
        """Say that its replies are wanted; :meth:`leave` must follow."""
        self._wanted += 1

    def leave(self) -> bool:
        """Say that they are no longer wanted; True when nobody else wants them either."""
        self._wanted -= 1
        return not self._wanted

    def give_up(self) -> None:
        """Cancel it, unless its replies have come."""
        if self._task is not None and not self.answered:
            self._task.cancel()

    async def replies(self) -> list[Reply]:
        """Wait for the replies; they are committed when this returns.

        Raises:
            InvalidInput: the run was closed meanwhile.
        """
        assert self._task is not None
        await until_done(self._task)
        if self._task.cancelled():
            raise InvalidInput("calls", "was closed while this call was under way")
        return self._task.result()

    def _report(self, task: asyncio.Task[list[Reply]]) -> None:
        """An error that nobody waits for goes where asyncio sends such errors."""
        if task.cancelled() or (error := task.exception()) is None or self._wanted:
            return
        task.get_loop().call_exception_handler(
            {"message": "a model call that nobody waits for failed", "exception": error}
        )
