"""Running coroutines side by side, and from code that is not async."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio
from anyio.from_thread import start_blocking_portal

T = TypeVar("T")
A = TypeVar("A")


async def gather(function: Callable[[A], Awaitable[T]], arguments: Iterable[A]) -> list[T]:
    """Await ``function`` for every argument at once; results in the order of the arguments.

    When one raises, the others are cancelled and that error is raised itself, not wrapped in
    a group: callers are promised the errors of :mod:`bestofn.errors`.
    """
    items = list(arguments)
    results: dict[int, T] = {}

    async def run(index: int) -> None:
        results[index] = await function(items[index])

    try:
        async with anyio.create_task_group() as tasks:
            for index in range(len(items)):
                tasks.start_soon(run, index)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [results[index] for index in range(len(items))]


def run_sync(function: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function to its end from ordinary code.

    Works inside a running event loop too (a notebook, an agent's callback): the coroutine then
    runs in a loop of its own in another thread, while the caller's loop stands still.
    """
    try:
        anyio.get_current_task()  # of asyncio or trio
    except RuntimeError:
        return anyio.run(function)
    with start_blocking_portal() as portal:
        return portal.call(function)
