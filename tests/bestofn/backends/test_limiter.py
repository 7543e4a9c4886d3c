from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from bestofn.backends.concurrency import AdaptiveLimiter

pytestmark = pytest.mark.anyio


async def test_first_come_first_served() -> None:
    limiter = AdaptiveLimiter(1)
    order: list[int] = []
    go = anyio.Event()

    async def one(number: int) -> None:
        await limiter.acquire()
        order.append(number)
        await go.wait()
        limiter.release()

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(one, number)
            await checkpoint()
        assert order == [0]
        go.set()
    assert order == [0, 1, 2, 3, 4]
    assert limiter.in_flight == 0


async def test_one_wave_halves_once() -> None:
    limiter = AdaptiveLimiter(16)
    wave = [await limiter.acquire() for _ in range(16)]
    for ticket in wave:
        limiter.refused(ticket)
        limiter.release()
    assert limiter.limit == 8
    limiter.refused(await limiter.acquire())
    assert limiter.limit == 4


async def test_never_below_one_nor_above_the_most() -> None:
    limiter = AdaptiveLimiter(6)
    for _ in range(10):
        limiter.refused(await limiter.acquire())
        limiter.release()
    assert limiter.limit == 1
    for _ in range(100):
        limiter.answered()
    assert limiter.limit == 6


async def test_recovers_by_addition() -> None:
    limiter = AdaptiveLimiter(256)
    for _ in range(3):
        limiter.refused(await limiter.acquire())
        limiter.release()
    assert limiter.limit == 32
    for _ in range(32):
        limiter.answered()
    assert 44 <= limiter.limit <= 48  # a sixteenth of 256 a round


async def test_those_who_wait_notice_that_it_got_wider() -> None:
    limiter = AdaptiveLimiter(2)
    limiter.refused(await limiter.acquire())
    entered = anyio.Event()

    async def second() -> None:
        await limiter.acquire()
        entered.set()
        limiter.release()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second)
        await checkpoint()
        assert not entered.is_set()
        limiter.answered()
        with anyio.fail_after(20):
            await entered.wait()
    limiter.release()
    assert limiter.in_flight == 0


async def test_cancelled_while_waiting() -> None:
    limiter = AdaptiveLimiter(1)
    await limiter.acquire()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(limiter.acquire)
        await checkpoint()
        tasks.cancel_scope.cancel()
    limiter.release()
    assert limiter.in_flight == 0
    await limiter.acquire()


async def test_cancelled_in_the_moment_of_entering() -> None:
    limiter = AdaptiveLimiter(1)

    async def one() -> None:
        await limiter.acquire()
        try:
            await anyio.sleep_forever()
        finally:
            limiter.release()

    await limiter.acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        await checkpoint()
        limiter.release()  # hands the place to the waiting task, which has not run yet
        assert limiter.in_flight == 1
        tasks.cancel_scope.cancel()
    assert limiter.in_flight == 0


async def test_cancelled_while_the_server_wants_peace() -> None:
    limiter = AdaptiveLimiter(4)
    limiter.refused(await limiter.acquire(), wait=1000)
    limiter.release()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.acquire)
        await checkpoint()
        assert limiter.in_flight == 1
        tasks.cancel_scope.cancel()
    assert limiter.in_flight == 0
