"""How much time judging adds to what the model's server takes, against the bare SDK client.

    make bench
    .venv/bin/python tests/perf/bench_calls.py --rounds 5 --latency 0.2

A loopback server in its own process answers every request after a fixed time. The same requests
are sent in turns by the SDK client alone, through ``Calls.ask``, by an ``LLMJudge`` (the row with
targets: prompts, calls, parsing, tournament) and by whole selections, which also look for copies
among the candidates; all but the first keep a journal. Then one problem is judged in one wave
and, through a line of one call at a time, in series. The best of the rounds counts for every way,
as other users of the machine only ever add; the order of the ways changes from round to round.
Server and client share the cores here: look at the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import anyio
import openai

from bestofn import Candidate, Problem, Sandbox, TestCase, aselect
from bestofn.backends.base import Backend
from bestofn.backends.openai import OpenAIBackend
from bestofn.calls import Calls
from bestofn.chat import ChatRequest
from bestofn.concurrency import gather
from bestofn.judges.llm import LLMJudge
from bestofn.run import Run
from bestofn.testing import ScriptedBackend, server_process, server_stats
from bestofn.tournaments import RandomPairs, RoundRobin, Tournament

CONCURRENCY = 256
PROBLEMS, ROUNDS = 125, 8  # of a tournament: 1000 judgments
WALL_TARGET = 1.1
CPU_TARGET = 0.3
WAVE_TARGET = 10.0
JUDGE = "LLMJudge"
VERDICT = "The first one misses the empty input.\n\n<selection>2</selection>"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Wall-clock and processor seconds of one way of doing the work."""

    wall: float
    cpu: float


Item: TypeAlias = tuple[Problem, list[Candidate]]


def problem(number: int) -> Item:
    """A problem of usual size and eight different programs for it."""
    statement = f"Task {number}. " + "Read n and then n whole numbers and print their sum. " * 25
    test = TestCase(kind="stdin", input="3\n1 2 3\n", expected="6\n")
    candidates = [
        Candidate(
            id=str(k),
            code="".join(f"x{line} = {number * k + line}\n" for line in range(40))
            + f"n = int(input())\nprint(sum(map(int, input().split())) + {k} - {k})\n",
        )
        for k in range(8)
    ]
    return Problem(id=f"task-{number}", statement=statement, public_tests=(test,)), candidates


WORK = [problem(number) for number in range(PROBLEMS)]


def judge(backend: Backend, tournament: Tournament) -> LLMJudge:
    """A judge that asks and runs nothing: what is measured is the way to the model."""
    return LLMJudge(backend, tournament=tournament, inputs=None)


async def measure(work: Callable[[], Awaitable[object]]) -> Cost:
    """Time one way; what an earlier one left behind is collected first.

    Frozen, because a full collection looks through every object of every imported module: some
    0.15 s, which would fall on one way or another by chance.
    """
    gc.collect()
    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return Cost(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


async def judge_all(backend: Backend, journal: Path | None) -> None:
    """An LLMJudge for every problem, all at once."""
    arbiter = judge(backend, RandomPairs(rounds=ROUNDS))
    async with Calls(journal=journal) as calls:

        async def one(item: Item) -> None:
            ranking = await arbiter.rank(*item, Run(sandbox=Sandbox(), calls=calls))
            assert all(comparison.winner for comparison in ranking.comparisons)

        await gather(one, WORK)


async def select_all(backend: Backend, sandbox: Sandbox, journal: Path) -> None:
    """Whole selections, all problems at once."""
    arbiter = judge(backend, RandomPairs(rounds=ROUNDS))
    async with Calls(journal=journal) as calls:

        async def one(item: Item) -> None:
            await aselect(*item, judge=arbiter, public_tests=False, sandbox=sandbox, calls=calls)

        await gather(one, WORK)


async def ask_all(backend: Backend, requests: Sequence[ChatRequest], journal: Path) -> None:
    """The same requests through the gate, without a judge."""
    async with Calls(journal=journal) as calls:

        async def one(request: ChatRequest) -> None:
            assert (await calls.ask(backend, request))[0].status == "ok"

        await gather(one, requests)


async def sdk_all(url: str, requests: Sequence[ChatRequest]) -> None:
    """The same requests by the SDK client alone, with its fast transport."""
    free = asyncio.Semaphore(CONCURRENCY)
    async with openai.AsyncOpenAI(
        api_key="none", base_url=url, max_retries=0, http_client=openai.DefaultAioHttpClient()
    ) as client:

        async def one(request: ChatRequest) -> None:
            sampling = request.sampling
            async with free:
                reply = await client.chat.completions.create(
                    model="any",
                    messages=[{"role": "user", "content": request.messages[0].content}],
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    max_tokens=sampling.max_tokens,
                    extra_body={
                        "top_k": sampling.top_k,
                        "repetition_penalty": sampling.repetition_penalty,
                    },
                )
            assert reply.choices[0].message.content

        await gather(one, requests)


async def many_problems(url: str, latency: float, rounds: int, folder: Path) -> list[bool]:
    """(a) 1000 judgments over many problems."""
    recorder = ScriptedBackend(lambda _: VERDICT)
    await judge_all(recorder, None)
    requests = [request for request, _ in recorder.requests]
    backend = OpenAIBackend("any", base_url=url, max_concurrency=CONCURRENCY)
    ideal = len(requests) / CONCURRENCY * latency
    await sdk_all(url, requests[:CONCURRENCY])  # imports, and the server's first steps
    await ask_all(backend, requests[:CONCURRENCY], folder / "warm.db")
    costs: dict[str, list[Cost]] = {}
    async with Sandbox() as sandbox:
        ways: dict[str, Callable[[Path], Awaitable[object]]] = {
            "SDK alone": lambda _: sdk_all(url, requests),
            "Calls.ask": lambda journal: ask_all(backend, requests, journal),
            JUDGE: lambda journal: judge_all(backend, journal),
            "aselect": lambda journal: select_all(backend, sandbox, journal),
        }
        for number in range(rounds):
            turn = number % len(ways)
            for way in [*ways][turn:] + [*ways][:turn]:
                cost = await measure(partial(ways[way], folder / f"{way}{number}.db"))
                costs.setdefault(way, []).append(cost)
    print(f"{len(requests)} judgments, {PROBLEMS} problems, at most {CONCURRENCY} at once")
    print(f"  ideal {ideal:.2f} s; prompts of {len(requests[0].messages[0].content)} characters")
    best = {
        way: Cost(wall=min(c.wall for c in costs[way]), cpu=min(c.cpu for c in costs[way]))
        for way in ways
    }
    bare = best["SDK alone"]
    fine: list[bool] = []
    for way, cost in best.items():
        ratio = cost.wall / max(ideal, bare.wall)
        cpu, more = (1000 * seconds / len(requests) for seconds in (cost.cpu, cost.cpu - bare.cpu))
        print(
            f"  {way:<10} {cost.wall:6.2f} s  {cpu:5.2f} ms CPU a call   "
            f"{ratio:5.2f} x the larger of ideal and SDK   {more:+5.2f} ms on top of the SDK"
        )
        if way == JUDGE:
            fine = [ratio <= WALL_TARGET, more <= CPU_TARGET]
    print(f"  targets for {JUDGE}: {WALL_TARGET} x, {CPU_TARGET} ms: {_words(fine)}")
    return fine


async def one_problem(url: str, latency: float, rounds: int, folder: Path) -> list[bool]:
    """(b) One problem in one wave, against the same calls in series."""
    item = WORK[0]

    async def judged(concurrency: int, sandbox: Sandbox, journal: Path) -> None:
        backend = OpenAIBackend("any", base_url=url, max_concurrency=concurrency)
        arbiter = judge(backend, RoundRobin())
        async with Calls(journal=journal) as calls:
            selection = await aselect(
                *item, judge=arbiter, public_tests=False, sandbox=sandbox, calls=calls
            )
            assert len(selection.ranking.comparisons) == 56

    async with Sandbox() as sandbox:
        waves = [
            await measure(partial(judged, CONCURRENCY, sandbox, folder / f"wave{number}.db"))
            for number in range(rounds)
        ]
        series = await measure(partial(judged, 1, sandbox, folder / "series.db"))
    wave = min(cost.wall for cost in waves)
    print(
        f"one problem, 8 candidates, 56 ordered pairs\n  one wave {wave:.2f} s "
        f"({wave / latency:.1f} x the latency), in series {series.wall:.2f} s: "
        f"{series.wall / wave:.1f} x"
    )
    fine = [series.wall / wave >= WAVE_TARGET]
    print(f"  target: {WAVE_TARGET:.0f} x: {_words(fine)}")
    return fine


def _words(fine: Sequence[bool]) -> str:
    return ", ".join("met" if one else "MISSED" for one in fine)


async def main(latency: float, rounds: int) -> bool:
    """Run both; True when every target is met."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server_process("--latency", str(latency), "--judge", "first") as url,
    ):
        print(f"loopback server with a latency of {latency} s; best of {rounds} rounds")
        fine = await many_problems(url, latency, rounds, Path(folder))
        fine += await one_problem(url, latency, rounds, Path(folder))
        print(f"server: {await anyio.to_thread.run_sync(server_stats, url)}")
    return all(fine)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    arguments = parser.parse_args()
    met = anyio.run(main, arguments.latency, arguments.rounds)
    raise SystemExit(0 if met or not arguments.check else 1)
