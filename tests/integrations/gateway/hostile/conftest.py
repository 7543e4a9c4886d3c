"""Files and tasks of this process are counted before and after; gateway, upstream and clients live
in it, so that what any of them leaves open is seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from ..wire import PATIENCE, Held, until
from .common import no_more_than, serves, until_idle


@pytest.fixture
def harmless(upstream, gate):
    """Starts a gateway, and checks at the end that it serves and that nothing was left open."""

    @asynccontextmanager
    async def start(**settings) -> AsyncIterator[httpx.AsyncClient]:
        async with gate(**settings) as client:
            await serves(client)  # the line to the judge and the first pooled connections stay
            before = Held.now()
            yield client
            await upstream.until(lambda: not upstream.working, PATIENCE)
            upstream.answer = lambda _: None
            await serves(client)
            await until(lambda: no_more_than(before))
            await until_idle(client)

    return start
