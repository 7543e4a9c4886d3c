"""What stands in for a journal when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..chat import Reply
from ..journal import KEPT, Call
from ..journal.codec import dump


class Memory:
    """Keeps replies while a run lasts, so that a run does the same with and without a journal."""

    def __init__(self) -> None:
        self._replies: dict[bytes, Reply] = {}

    def get(self, key: bytes) -> Reply | None:
        """The reply to a request that was answered before."""
        return self._replies.get(key)

    def put(self, calls: Iterable[Call]) -> asyncio.Future[None]:
        """Keep replies; done at once."""
        for call in calls:
            if call.reply.status in KEPT:
                self._replies.setdefault(call.key, replace(call.reply, recorded=True))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Nobody can look into it later: only held to what a journal would take.

        Raises:
            InvalidInput: the body has no JSON form.
        """
        dump(kind, body)
