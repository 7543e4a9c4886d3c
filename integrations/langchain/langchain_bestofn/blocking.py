"""Async work from ordinary code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

T = TypeVar("T")


def blocking(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function to its end from ordinary code, in a loop of its own.

    Works inside a running loop too, which stands still meanwhile. Context variables are kept.
    """
    with start_blocking_portal() as portal:
        return portal.call(work)
