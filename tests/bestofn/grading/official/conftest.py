"""One sandbox a module, never at a level where cheating programs could do harm."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bestofn.sandbox import Level, Limits, Sandbox, StdinJob


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def sandbox(anyio_backend: str) -> AsyncIterator[Sandbox]:
    limits = Limits(seconds=2, wall_seconds=60)  # for strict grading; a loop takes it all
    async with Sandbox(workers=2, limits=limits) as sandbox:
        await sandbox.execute(StdinJob(source="", inputs=("",)))
        if sandbox.level is None or sandbox.level < Level.LIGHT:
            pytest.skip(f"hostile programs are not run at {sandbox.level}: {sandbox.missing}")
        yield sandbox
