"""Lines to the models that judge: opened once, shared by the requests, closed when too many."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bestofn.backends import Backend, OpenAIBackend, RetryPolicy, Session

RETRY = RetryPolicy(attempts=3, longest_wait=5.0, longest_retry_after=20.0)
"""Somebody waits for the answer: a judge that is not there soon is not waited for."""

MOST = 32
"""Lines that are kept open while nobody uses them."""


class _Line:
    """A session, and the task that holds it open.

    Sessions must be left in the task that entered them, which is never a request's: requests
    come and go.
    """

    def __init__(self, backend: Backend) -> None:
        self.users = 0
        self._backend = backend
        self._ready: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._end = asyncio.Event()
        self._task = asyncio.create_task(self._hold())

    @property
    def failed(self) -> bool:
        """Whether it could not be opened."""
        ready = self._ready
        return ready.done() and ready.exception() is not None

    async def session(self) -> Session:
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        self._end.set()
        await self._task

    async def _hold(self) -> None:
        try:
            async with self._backend.session() as session:
                self._ready.set_result(session)
                await self._end.wait()
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
            self._ready.exception()  # whoever asked may be gone


@dataclass(frozen=True)
class _Shared:
    """A backend whose sessions are one line."""

    backend: Backend
    authorization: str | None
    request_id: str
    lines: Lines

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def identity(self) -> str:
        # Judgments in a journal are not replayed: what an answer is said to cost was paid for it.
        return f"{self.backend.identity} judging {self.request_id}"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        line = self.lines.take(self)
        try:
            yield await line.session()
        finally:
            await self.lines.leave(line)


class Lines:
    """Backends for judges.

    Args:
        url: Of the upstream.
        timeout: Seconds for one judgment.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._open: OrderedDict[tuple[str, str | None], _Line] = OrderedDict()

    def backend(self, model: str, authorization: str | None, request_id: str) -> Backend:
        """A model of the upstream as a judge's backend.

        Args:
            model: As the upstream knows it.
            authorization: The header that goes with each call.
            request_id: Of the request whose samples are judged.
        """
        backend = OpenAIBackend(
            model,
            base_url=self._url,
            # A key from the environment would go to wherever the upstream is: never take one.
            api_key="none",
            headers=None if authorization is None else {"Authorization": authorization},
            stall_seconds=self._timeout,
            longest_seconds=self._timeout,
            retry=RETRY,
        )
        return _Shared(backend, authorization, request_id, self)

    def take(self, shared: _Shared) -> _Line:
        """The line of a backend, opened if need be; :meth:`leave` must follow."""
        key = (shared.backend.identity, shared.authorization)
        line = self._open.get(key)
        if line is None or line.failed:
            line = self._open[key] = _Line(shared.backend)
        self._open.move_to_end(key)
        line.users += 1
        return line

    async def leave(self, line: _Line) -> None:
        """One user less; lines that nobody uses are closed when there are too many."""
        line.users -= 1
        idle = [key for key, other in self._open.items() if not other.users]
        for key in idle[: max(0, len(self._open) - MOST)]:
            await self._open.pop(key).close()

    async def close(self) -> None:
        """Close all lines."""
        while self._open:
            await self._open.popitem()[1].close()
