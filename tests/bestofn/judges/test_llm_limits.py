"""A judge within limits: time that is kept, and a repeated run that takes the same course."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest

from bestofn import Budget, Calls, InvalidInput, LLMJudge, aselect
from bestofn.backends import OpenAIBackend
from bestofn.testing import FaultyServer, Received, judging
from bestofn.testing import faults as do
from bestofn.tournaments import Adaptive, Knockout, RandomPairs, RoundRobin, Tournament

pytestmark = pytest.mark.anyio

PROBLEM = "Say how many distinct integers there are on the line that is read."
CANDIDATES = [f"print(len(set(input().split())) + {number})" for number in range(6)]


def hesitant(received: Received, index: int) -> object:
    """Every third prompt gets no verdict, the second time either."""
    if zlib.crc32(received.prompt.encode()) % 3 == 0:
        return "I cannot tell."
    return judging("random")(received, index)


@pytest.mark.parametrize(
    "tournament", [RoundRobin(), RandomPairs(rounds=12), Adaptive(), Knockout()]
)
@pytest.mark.parametrize("calls", [5, 11])
async def test_a_finished_run_is_repeated_for_nothing(
    tournament: Tournament, calls: int, tmp_path: Path
) -> None:
    async with FaultyServer(answer=hesitant, latency=0.01) as server:  # type: ignore[arg-type]
        backend = OpenAIBackend("any", base_url=server.url, api_key="any")
        judge = LLMJudge(backend, tournament=tournament, inputs=None)
        chosen = []
        for _ in range(2):
            gate = Calls(budget=Budget(calls=calls), journal=tmp_path / "run.db")
            selection = await aselect(PROBLEM, CANDIDATES, judge=judge, calls=gate)
            chosen.append((selection.ranking.order, selection.usage.calls))
            paid = server.count
        assert chosen[0] == chosen[1]
        assert paid == chosen[0][1] <= calls


async def test_seconds_are_kept_whatever_the_server_does() -> None:
    async with FaultyServer(do.forever(do.stall())) as server:
        backend = OpenAIBackend("any", base_url=server.url, api_key="any")
        judge = LLMJudge(backend, inputs=None)
        started = time.monotonic()
        selection = await aselect(PROBLEM, CANDIDATES, judge=judge, seconds=1)
    assert time.monotonic() - started < 20, "a stalled request alone would take minutes"
    assert selection.stopped_by == "seconds"
    assert selection.abstained is not None


async def test_both_orders_are_one_match_for_tournaments_that_count() -> None:
    async with FaultyServer(answer=judging("first")) as server:
        backend = OpenAIBackend("any", base_url=server.url, api_key="any")
        judge = LLMJudge(backend, tournament=Adaptive(max_calls=8), swap="both", inputs=None)
        selection = await aselect(PROBLEM, CANDIDATES, judge=judge)
        assert server.count == selection.usage.calls <= 8
    shown = [comparison.shown for comparison in selection.ranking.comparisons]
    assert {order[::-1] for order in shown} == set(shown)
    with pytest.raises(InvalidInput, match=r"Adaptive\.max_calls"):
        LLMJudge(backend, tournament=Adaptive(max_calls=1), swap="both")
