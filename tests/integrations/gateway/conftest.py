"""A gateway in front of an upstream, both on the loopback and in the test's event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from bestofn_gateway import Settings, running

from .upstream import Upstream, serving


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(Upstream()) as server:
        yield server


Gate = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def gate(upstream: Upstream) -> Gate:
    """Starts a gateway with these settings and gives a client of it (``base_url`` ends in /v1)."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        settings.setdefault("upstream", upstream.url)
        async with (
            running(Settings(port=0, **settings)) as gateway,
            httpx.AsyncClient(base_url=gateway.url, timeout=30, trust_env=False) as client,
        ):
            yield client

    return start


def chat(model: str = "bon-4-m", **fields: Any) -> dict[str, Any]:
    """The body of a chat request."""
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}
