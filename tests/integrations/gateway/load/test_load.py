"""Two hundred requests at once, and thousands one after the other: right answers, flat memory.

How fast that is, is measured in ``tests/perf/bench_gateway.py``. BESTOFN_FAULTS multiplies the
number of requests whose memory is watched.
"""

from __future__ import annotations

import os
from functools import partial

import pytest
from anyio import to_thread

from bestofn.testing import server_process, server_stats

from ..wire import PATIENCE, until
from .driver import burst, clients, gateway_process, steady

pytestmark = pytest.mark.anyio

TIMES = int(os.environ.get("BESTOFN_FAULTS", "1"))
BURST, WATCHED, WARM_UP = 200, 500 * TIMES, 400
GROWTH = 8 * 2**20
"""Bytes. A leak of a request's body and answers (4 kB) shows over 5,000 requests, not over 500;
one of a connection or a session shows at once."""

PROGRAMS = ("print(1)", "print(2) #", "print(3) ##", "print(4) ###")


@pytest.fixture
def programs(tmp_path):
    """Four different answers; the server's judge prefers the longest."""
    for number, text in enumerate(PROGRAMS):
        (tmp_path / f"{number}.py").write_text(text)
    return str(tmp_path)


@pytest.mark.parametrize("most_choices", [None, 1], ids=["n at once", "one by one"])
async def test_two_hundred_at_once(programs, most_choices):
    options = ["--latency", "0.2", "--programs", programs]
    if most_choices:
        options += ["--most-choices", str(most_choices)]
    with server_process(*options) as upstream, gateway_process(upstream) as gateway:
        async with clients() as session:
            _, answers = await burst(session, gateway.url, BURST, {"model": "bon-4-m"})
        stats = await to_thread.run_sync(partial(server_stats, upstream))
    for answer in answers:
        told = answer["bestofn"]
        assert (told["got"], told["failed"], told["abstained"]) == (4, [], None)
        content = answer["choices"][0]["message"]["content"]
        # Drawn one by one, the programs of a request are any four of the many that are drawn.
        assert PROGRAMS[3] in content or (most_choices and "print(" in content)
    assert len({answer["bestofn"]["request_id"] for answer in answers}) == BURST
    judgments = sum(answer["bestofn"]["judge_calls"] for answer in answers)
    samples = 1 if most_choices is None else 4
    assert stats["requests"] >= judgments + samples * BURST
    assert stats["statuses"] == {"200": stats["requests"]}
    assert stats["most_in_flight"] <= BURST * 4, "no request is worked on more than four-fold"
    assert (stats["in_flight"], stats["left"]) == (0, 0)


async def test_no_answer_waits_for_an_acknowledgement():
    """Nagle's algorithm holds the second half of every answer back for 40 ms."""
    with server_process() as upstream, gateway_process(upstream) as gateway:
        async with clients() as session:
            took = [(await burst(session, gateway.url, 1, {"model": "m"}))[0] for _ in range(50)]
    assert min(took) < 0.03, "the fastest of fifty, however busy the machine is"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "m"},
        {"model": "bon-4-m", "bestofn": {"judge": "self-consistency"}},
        {"model": "bon-4-m", "bestofn": {"tournament": "listwise"}},
    ],
    ids=["passed through", "self-consistency", "judged"],
)
async def test_memory_stays_flat(programs, fields):
    with (
        server_process("--programs", programs) as upstream,
        gateway_process(upstream) as gateway,
    ):
        async with clients() as session:
            await steady(session, gateway.url, WARM_UP, fields, at_once=20)
            before = gateway.resident
            await steady(session, gateway.url, WATCHED, fields, at_once=20, first=WARM_UP)
            after = gateway.resident
            files = gateway.files
        assert after - before < GROWTH, f"{(after - before) / 2**20:.1f} MiB more"
        # The clients' connections are gone, and those to the upstream after some idle seconds.
        await until(lambda: gateway.files <= files - 20, PATIENCE)
