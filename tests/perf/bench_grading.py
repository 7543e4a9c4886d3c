"""How fast programs are graded, against one fresh python process a test, in the same run.

    make bench
    .venv/bin/python tests/perf/bench_grading.py --programs 200 --rounds 5

Real programs are used where the real data sets lie beside the checkout (only such as passed
their tests when they were published), and the shipped demo problems in any case. Both ways run
the same programs on the same tests, as many side by side as there are cores, in turns; the
median of the rounds counts. Machines differ and are shared: look at the ratios.

What the programs themselves compute bounds the ratio, for both ways have to wait for it. So two
columns give processor milliseconds a program: "own", what the programs used while their tests
ran, and "in all", that with everything around it (this process, the workers, the isolation).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from bestofn import Candidate, Problem, Sandbox, TestCase
from bestofn.benchmarks import humaneval, livecodebench, shipped
from bestofn.benchmarks.base import Benchmark
from bestofn.concurrency import gather
from bestofn.grading import grade, preamble_for, same_output

LIGHT_SECONDS = 0.02  # of own computing; above, it is the program that takes the time
TICKS = os.sysconf("SC_CLK_TCK")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class Work:
    """One program and the tests it is graded on; all of them pass."""

    problem: Problem
    candidate: Candidate
    tests: tuple[TestCase, ...]


Workload = tuple[str, list[Work]]


def workloads(programs: int) -> list[Workload]:
    """What is graded: name and work, at most ``programs`` real programs each."""
    found = [("demo, public tests", _right(shipped.load(), hidden=False))]
    if not DATA.is_dir():
        print("(no real data sets beside this checkout: the demo only)", file=sys.stderr)
        return found
    samples = humaneval.load(
        DATA / "humaneval/problems.jsonl", [DATA / "humaneval/davinci_20_samples.jsonl"]
    )
    found.append(("HumanEval, one check", _spread(_right(samples, hidden=True), programs)))
    contest = livecodebench.load(
        [DATA / "livecodebench/problems.jsonl"],
        sorted((DATA / "livecodebench").glob("*/*_eval_all.json")),
    )
    found.append(("LiveCodeBench, public tests", _spread(_right(contest, hidden=False), programs)))
    return found


def _right(benchmark: Benchmark, *, hidden: bool) -> list[Work]:
    return [
        Work(
            problem=item.problem,
            candidate=candidate,
            tests=item.hidden_tests if hidden else item.problem.public_tests,
        )
        for item in benchmark.items
        for candidate in item.candidates
        if item.verdicts and item.verdicts[candidate.id]
    ]


def _spread(work: list[Work], most: int) -> list[Work]:
    """At most so many, taken from all over the list."""
    return work[:: -(-len(work) // most)] if len(work) > most else work


async def own_seconds(work: Sequence[Work], sandbox: Sandbox) -> list[float]:
    """What each program computes itself: processor seconds of all its tests together."""

    async def one(item: Work) -> float:
        outcomes = await grade(item.problem, item.candidate, item.tests, sandbox)
        return sum(outcome.seconds for outcome in outcomes)

    return await gather(one, work)


async def warm(work: Sequence[Work], sandbox: Sandbox) -> int:
    """This package: warm workers; returns how many tests passed."""

    async def one(item: Work) -> int:
        outcomes = await grade(item.problem, item.candidate, item.tests, sandbox)
        return sum(outcome.passed for outcome in outcomes)

    return sum(await gather(one, work))


def processor_seconds() -> float:
    """Used so far by this process and all below it, those that have ended included."""
    seconds, waiting = 0.0, [os.getpid()]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            for listing in folder.glob("task/*/children"):
                waiting += map(int, listing.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended, and is in its parent's account
        seconds += sum(map(int, fields[11:15])) / TICKS
    return seconds


async def fresh(work: Sequence[Work]) -> int:
    """The baseline: a new interpreter for each test, no isolation; tests that passed."""
    free = anyio.Semaphore(CORES)

    async def one(pair: tuple[Work, TestCase]) -> int:
        item, test = pair
        async with free:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-c",
                script(item, test),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            text = test.input if test.kind == "stdin" else ""
            output, _ = await asyncio.wait_for(process.communicate(text.encode()), 60)
        if test.kind == "stdin":
            return same_output(test.expected, output.decode())
        return process.returncode == 0

    return sum(await gather(one, [(item, test) for item in work for test in item.tests]))


def script(item: Work, test: TestCase) -> str:
    """A whole program that runs one test."""
    source, name = item.candidate.code, item.problem.entry_point
    if test.kind == "stdin":
        return source
    if test.kind == "call":
        arguments = ", ".join(map(repr, test.input))
        target = f"Solution().{name}" if "class Solution" in source else name
        return (
            f"{preamble_for(source)}\n{source}\nimport json\n"
            f"assert json.dumps({target}({arguments})) == {json.dumps(test.expected)!r}"
        )
    return f"{source}\n{test.input}\ncheck({name})"


async def measure(name: str, work: Sequence[Work], rounds: int, sandbox: Sandbox) -> None:
    """Time both ways in turns and print one row."""
    tests = sum(len(item.tests) for item in work)
    ways: dict[str, Callable[[], Awaitable[int]]] = {
        "warm": lambda: warm(work, sandbox),
        "fresh": lambda: fresh(work),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    used: dict[str, list[float]] = {way: [] for way in ways}
    passed: dict[str, int] = {}
    own = sum(await own_seconds(work, sandbox))
    for _ in range(rounds):
        for way, run in ways.items():
            used_before, started = processor_seconds(), time.perf_counter()
            passed[way] = await run()
            seconds[way].append(time.perf_counter() - started)
            used[way].append(processor_seconds() - used_before)
    median = {way: statistics.median(times) for way, times in seconds.items()}
    ratio = statistics.median(f / w for f, w in zip(seconds["fresh"], seconds["warm"], strict=True))
    print(
        f"{name:<29} {len(work):>8} {tests:>6} {len(work) / median['warm']:>11.0f} "
        f"{tests / median['warm']:>8.0f} {tests / median['fresh']:>8.0f} {ratio:>6.1f} x "
        f"{own / len(work) * 1e3:>7.1f} {statistics.median(used['warm']) / len(work) * 1e3:>7.1f}"
        f"   {passed['warm']}/{passed['fresh']} of {tests}"
    )


async def main(programs: int, rounds: int) -> None:
    """Run every workload."""
    async with Sandbox() as sandbox:
        print(f"{CORES} cores, {rounds} rounds, median")
        print(
            f"{'workload':<29} {'programs':>8} {'tests':>6} {'programs/s':>11} {'tests/s':>8} "
            f"{'fresh/s':>8} {'ratio':>8} {'own ms':>7} {'in all':>7}   passed (here/fresh)"
        )
        for name, work in workloads(programs):
            await measure(name, work, rounds, sandbox)
            if name.startswith("LiveCodeBench"):
                seconds = await own_seconds(work, sandbox)
                light = [w for w, s in zip(work, seconds, strict=True) if s < LIGHT_SECONDS]
                await measure("LiveCodeBench, light programs", light, rounds, sandbox)
        print(f"isolation: {sandbox.level}; the fresh processes have none")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--programs", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    anyio.run(main, arguments.programs, arguments.rounds)
