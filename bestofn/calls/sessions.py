"""One open line to each model."""

from __future__ import annotations

import asyncio

from ..backends.base import Backend, Session
from .patience import see_through, until_done


class _Line:
    """A session and the task that holds it open.

    Sessions are built on cancel scopes and task groups, which must be left in the task that
    entered them; whoever closes a run is seldom that task. So each has a task of its own.
    """

    def __init__(self, backend: Backend) -> None:
        self.ready: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._end = asyncio.Event()
        self.task = asyncio.create_task(self._hold(backend))

    async def _hold(self, backend: Backend) -> None:
        try:
            async with backend.session() as session:
                self.ready.set_result(session)
                await self._end.wait()
        except Exception as error:
            if self.ready.done():
                raise
            self.ready.set_exception(error)
            self.ready.exception()  # whoever asked may be gone
        finally:
            self.ready.cancel()

    def end(self) -> None:
        if self.ready.done():
            self._end.set()
        else:
            self.task.cancel()


class Sessions:
    """Opens a session when it is first needed, once for each backend identity."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    async def get(self, backend: Backend) -> Session:
        """The session of this backend, opened if need be.

        A session that cannot be opened is tried again by the next call.
        """
        line = self._lines.get(backend.identity)
        if line is None:
            line = self._lines[backend.identity] = _Line(backend)
        await until_done(line.ready)
        if line.ready.cancelled() or line.ready.exception() is not None:
            if self._lines.get(backend.identity) is line:
                del self._lines[backend.identity]
            if cancelled := await see_through([line.task]):
                raise cancelled
        return line.ready.result()

    async def close(self) -> tuple[asyncio.CancelledError | None, list[Exception]]:
        """Close them all.

        Returns:
            The cancellation that came meanwhile, if any (those still closing were cancelled
            then), and what went wrong.
        """
        lines = list(self._lines.values())
        self._lines.clear()

        def hurry() -> None:
            for line in lines:
                line.task.cancel()

        for line in lines:
            line.end()
        cancelled = await see_through([line.task for line in lines], hurry=hurry)
        errors = [line.task.exception() for line in lines if not line.task.cancelled()]
        return cancelled, [error for error in errors if isinstance(error, Exception)]
