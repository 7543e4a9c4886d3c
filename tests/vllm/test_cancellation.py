"""A request that nobody waits for any more must not keep the server busy."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from bestofn.backends.vllm import VLLMBackend
from bestofn.chat import ChatRequest, Sampling

pytestmark = pytest.mark.anyio

ENDLESS = ChatRequest.ask(
    "Count.", sampling=Sampling(temperature=1.0, max_tokens=8000, extra={"ignore_eos": True})
)


async def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    with anyio.fail_after(seconds):
        while not await anyio.to_thread.run_sync(condition):  # noqa: ASYNC110
            await anyio.sleep(0.05)  # how often to look at the metrics


async def test_a_cancelled_request_frees_the_server(
    url: str, requests_running: Callable[[], int]
) -> None:
    async with VLLMBackend("tiny", base_url=url).session() as session:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.ask, ENDLESS, 4)
            await until(lambda: requests_running() == 4)
            tasks.cancel_scope.cancel()
        await until(lambda: requests_running() == 0, seconds=5)
        (reply,) = await session.ask(ChatRequest.ask("Hi", sampling=Sampling(max_tokens=4)))
        assert reply.status in ("ok", "length")


async def test_leaving_the_session_frees_the_server(
    url: str, requests_running: Callable[[], int]
) -> None:
    with anyio.CancelScope() as scope:
        async with (
            VLLMBackend("tiny", base_url=url).session() as session,
            anyio.create_task_group() as tasks,
        ):
            for _ in range(3):
                tasks.start_soon(session.ask, ENDLESS)
            await until(lambda: requests_running() == 3)
            scope.cancel()
    assert scope.cancelled_caught
    await until(lambda: requests_running() == 0, seconds=5)
