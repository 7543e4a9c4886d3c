"""A small real backend whose replies wait for the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bestofn.chat import ChatRequest, Reply
from bestofn.types import Usage


@dataclass(eq=False)
class Scripted:
    """Answers with the prompt and the sample's number; counts what happens to it."""

    name: str = "test/model"
    identity: str = "test://model"
    reply: Callable[[ChatRequest], Reply] = field(
        default=lambda request: Reply(
            text=f"{request.messages[-1].content} {request.sample}",
            usage=Usage(calls=1, input_tokens=10, output_tokens=5),
        )
    )
    error: Exception | None = None
    opening: Exception | None = None
    closing: Exception | None = None
    gate: asyncio.Event | None = None
    asked: list[tuple[str, int, int]] = field(default_factory=list)
    cancelled: int = 0
    opened: int = 0
    closed: int = 0
    waiting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Scripted]:
        if self.opening is not None:
            raise self.opening
        self.opened += 1
        task = asyncio.current_task()
        yield self
        assert asyncio.current_task() is task, "closed in another task than opened"
        self.closed += 1
        if self.closing is not None:
            raise self.closing

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        self.asked.append((request.messages[-1].content, request.sample, n))
        self.waiting.release()
        try:
            if self.gate is not None:
                await self.gate.wait()
            else:
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return [self.reply(replace(request, sample=request.sample + i)) for i in range(n)]
