"""Work on a long stream of items side by side, with results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

import anyio

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4  # finished results wait for a slow one before them; this many times ``at_once``


class _Slot(Generic[Result]):
    """The place of one result in the line."""

    def __init__(self) -> None:
        self._results: list[Result] = []
        self._done = anyio.Event()

    async def fill(self, work: Callable[[], Awaitable[Result]], limit: anyio.Semaphore) -> None:
        async with limit:
            self._results.append(await work())
        self._done.set()

    async def take(self) -> Result:
        await self._done.wait()
        return self._results.pop()


async def in_order(
    function: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item],
    take: Callable[[Result], None],
    *,
    at_once: int,
) -> None:
    """Await ``function`` for many items at a time and hand each result to ``take``, in order.

    Items are drawn as they are needed: a file of any length needs the memory of a few hundred.
    When something raises, the rest is cancelled and that error is raised itself.

    Args:
        function: What to do with an item.
        items: Any number.
        take: Receives the results.
        at_once: Items that are worked on side by side.
    """
    limit = anyio.Semaphore(at_once)
    line: deque[_Slot[Result]] = deque()

    async def work(item: Item) -> None:
        slot: _Slot[Result] = _Slot()
        line.append(slot)

        async def call() -> Result:
            return await function(item)

        tasks.start_soon(slot.fill, call, limit)

    try:
        async with anyio.create_task_group() as tasks:
            for item in items:
                if len(line) >= _AHEAD * at_once:
                    take(await line.popleft().take())
                await work(item)
            while line:
                take(await line.popleft().take())
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
