"""One sandbox a module and level: starting workers is the slow part of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bestofn.sandbox import Level, Limits, Sandbox

# Generous clocks: the machine that tests may be busy with other things.
LIMITS = Limits(seconds=5, wall_seconds=60)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def _open(level: Level) -> AsyncIterator[Sandbox]:
    from bestofn.sandbox import StdinJob

    async with Sandbox(workers=1, limits=LIMITS, _level=level) as sandbox:
        await sandbox.execute(StdinJob(source="", inputs=("",)))
        if sandbox.level != level:
            pytest.skip(f"isolation level {level} does not work here: {sandbox.missing}")
        yield sandbox


@pytest.fixture(scope="module")
async def sandbox(anyio_backend: str) -> AsyncIterator[Sandbox]:
    """The best that this machine offers."""
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=[Level.BASIC, Level.LIGHT, Level.FULL], ids=str)
async def each(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Sandbox]:
    """Every level that works here, one after the other."""
    async for sandbox in _open(request.param):
        yield sandbox


@pytest.fixture(scope="module", params=[Level.LIGHT, Level.FULL], ids=str)
async def hardened(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Sandbox]:
    """The levels that hostile programs may be run at."""
    async for sandbox in _open(request.param):
        yield sandbox
