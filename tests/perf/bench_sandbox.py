"""How fast the sandbox is, against fresh processes, the official way, and the floor.

    make bench
    .venv/bin/python tests/perf/bench_sandbox.py --rounds 7

The same right programs are graded on the same tests by

- ``bestofn``: strict grading in the sandbox, at the level that works here;
- ``fresh``: a new, unprotected ``python`` for each test;
- ``official``: as the upstream evaluators do it, a manager and a process for each program, which
  loads the prelude, puts mocks in place for each test and compares itself. The rules are this
  package's own rebuilding of them (upstream's, which is a larger process, is slower);
- ``floor``: a process as large as a worker forks, the child does nothing, the parent waits.

with 1 and 2 programs at a time, in turns; medians of the rounds. Machines differ and are shared:
look at the ratios, which are medians of the rounds' own. Processor milliseconds a program say
where the time goes: in this process (``library``), in the workers, and in the programs'
processes, the kernel's share of each in brackets.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import anyio

from bestofn import Candidate, Problem, Sandbox, TestCase
from bestofn.concurrency import gather
from bestofn.grading import grade, same_output
from bestofn.sandbox.inside.official import humaneval, livecodebench
from bestofn.sandbox.worker import INSIDE

TICKS = os.sysconf("SC_CLK_TCK")
STDIN_PROGRAM = """\
import sys
from collections import Counter

def solve(values, limit):
    seen = Counter(values)
    total = 0
    for value in sorted(seen):
        if value <= limit:
            total += seen[value] * value
    return total

def main():
    data = sys.stdin.read().split()
    count, limit = int(data[0]), int(data[1])
    print(solve(list(map(int, data[2:2 + count])), limit))

if __name__ == "__main__":
    main()
"""
FUNCTION_PROGRAM = """\
class Solution:
    def longestRise(self, values: List[int]) -> int:
        best = run = 0
        last = None
        for value in values:
            run = run + 1 if last is not None and value > last else 1
            best, last = max(best, run), value
        return best
"""
CHECKED_PROMPT = '''\
from typing import List


def below_mean(values: List[float]) -> List[float]:
    """Those of the values that are smaller than their mean."""
'''
CHECKED_BODY = """\
    mean = sum(values) / len(values) if values else 0
    return [value for value in values if value < mean]
"""
CHECK = """
def check(candidate):
    assert candidate([]) == []
    assert candidate([1.0]) == []
    assert candidate([1, 2, 3, 10]) == [1, 2, 3]
    assert candidate([2, 2, 2]) == []
    assert candidate([-1.5, 0, 1.5]) == [-1.5]
    assert candidate([5, 4, 3, 2, 1]) == [2, 1]
    assert candidate(list(range(100))) == list(range(50))
"""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One program that passes its tests, graded again and again.

    Attributes:
        name: For the table.
        problem: What strict grading needs to know.
        code: The program.
        rules: The upstream rules, a module of :mod:`bestofn.sandbox.inside.official`.
        task: What these rules need.
    """

    name: str
    problem: Problem
    code: str
    rules: str
    task: dict[str, object]

    @property
    def tests(self) -> tuple[TestCase, ...]:
        """What the program is graded on."""
        return tuple(self.problem.public_tests)


def workloads() -> list[Workload]:
    """All rows of the table."""
    return [*(_stdin(count) for count in (1, 3, 40)), _function(3), _function(40), _check()]


def _stdin(count: int) -> Workload:
    tests = []
    for number in range(count):
        values = [(7 * i * (number + 3)) % 23 for i in range(30)]
        text = f"{len(values)} 11\n{' '.join(map(str, values))}\n"
        expected = sum(value for value in values if value <= 11)
        tests.append(TestCase(kind="stdin", input=text, expected=f"{expected}\n"))
    task = {
        "inputs": [test.input for test in tests],
        "outputs": [test.expected for test in tests],
        "entry_point": None,
        "seconds": 6,
        "mocked": True,
    }
    return Workload(
        name=f"stdin, {count} test{'s' * (count > 1)}",
        problem=Problem(statement="Sum what is small.", public_tests=tests),
        code=STDIN_PROGRAM,
        rules="livecodebench",
        task=task,
    )


def _function(count: int) -> Workload:
    tests, inputs, outputs = [], [], []
    for number in range(count):
        values = [(5 * i * (number + 2)) % 17 for i in range(30)]
        best = run = 1
        for before, value in itertools.pairwise(values):
            run = run + 1 if value > before else 1
            best = max(best, run)
        tests.append(TestCase(kind="call", input=(values,), expected=best))
        inputs.append(json.dumps(values))
        outputs.append(json.dumps(best))
    task = {
        "inputs": inputs,
        "outputs": outputs,
        "entry_point": "longestRise",
        "seconds": 6,
        "mocked": True,
    }
    return Workload(
        name=f"function, {count} tests",
        problem=Problem(
            statement="The longest rise.", entry_point="longestRise", public_tests=tests
        ),
        code=FUNCTION_PROGRAM,
        rules="livecodebench",
        task=task,
    )


def _check() -> Workload:
    return Workload(
        name="HumanEval check",
        problem=Problem(
            statement="Complete the function.",
            entry_point="below_mean",
            starter_code=CHECKED_PROMPT,
            public_tests=[TestCase(kind="assertion", input=CHECK)],
        ),
        code=CHECKED_PROMPT + CHECKED_BODY,
        rules="humaneval",
        task={"test": CHECK, "entry_point": "below_mean", "seconds": 3.0},
    )


RULES = {"livecodebench": livecodebench, "humaneval": humaneval}


async def strictly(work: Workload, programs: int, sandbox: Sandbox) -> None:
    """This package."""
    candidate = Candidate(id="a", code=work.code)

    async def one(_: int) -> None:
        outcomes = await grade(work.problem, candidate, work.tests, sandbox)
        assert all(outcome.passed for outcome in outcomes), outcomes

    await gather(one, range(programs))


async def freshly(work: Workload, programs: int, at_once: int) -> None:
    """A new interpreter for each test, no isolation."""
    free = anyio.Semaphore(at_once)

    async def one(test: TestCase) -> None:
        async with free:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-c",
                script(work, test),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            text = test.input if test.kind == "stdin" else ""
            output, _ = await process.communicate(text.encode())
        assert process.returncode == 0
        assert test.kind != "stdin" or same_output(test.expected, output.decode())

    await gather(one, list(work.tests) * programs)


def script(work: Workload, test: TestCase) -> str:
    """A whole program that runs one test."""
    name = work.problem.entry_point
    if test.kind == "stdin":
        return work.code
    if test.kind == "call":
        call = f"Solution().{name}(*{test.input!r})"
        return f"from typing import *\n{work.code}\nassert {call} == {test.expected!r}"
    return f"{work.code}\n{test.input}\ncheck({name})"


async def officially(work: Workload, programs: int, pool: ProcessPoolExecutor) -> None:
    """As upstream: a manager and a process for each program."""
    loop = asyncio.get_running_loop()
    jobs = [
        loop.run_in_executor(pool, in_own_process, work.rules, work.code, work.task)
        for _ in range(programs)
    ]
    for passed in await asyncio.gather(*jobs):
        assert passed, "the official way says that a right program is wrong"


def in_own_process(rules: str, code: str, task: dict[str, object]) -> bool:
    """What a worker of the official pool does with one program."""
    with multiprocessing.Manager() as manager:
        verdicts = manager.list()
        process = multiprocessing.Process(target=judge, args=(rules, code, task, verdicts))
        process.start()
        process.join(timeout=60)
        return bool(verdicts and verdicts[0])


def judge(rules: str, code: str, task: dict[str, object], verdicts: list[bool]) -> None:
    """The process of one program."""
    # Upstream makes its mocks with unittest.mock, anew for each test; the rules here do without.
    livecodebench.feeding = mocked(livecodebench.feeding)
    report = RULES[rules].grade(code, task)
    verdicts.append(report.get("passed") or all(each is True for each in report["results"]))


def mocked(feeding: Callable[..., Any]) -> Callable[..., Any]:
    """The same, inside of as many mocks as upstream puts around each test."""

    @contextlib.contextmanager
    def inside(text: str, *rest: Any, **named: Any) -> Iterator[None]:
        stdin = SimpleNamespace(read=None, readline=None, readlines=None, stdin=None)
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch("builtins.open", mock.mock_open(read_data=text)))
            for name, value in [*vars(stdin).items()]:
                stack.enter_context(mock.patch.object(stdin, name, value))
            stack.enter_context(feeding(text, *rest, **named))
            yield

    return inside


FLOOR = """
import importlib.util, os, sys, time
folder, count = sys.argv[1], int(sys.argv[2])
spec = importlib.util.spec_from_file_location(
    "inside", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["inside"] = importlib.util.module_from_spec(spec)
from inside import zygote
import gc; gc.collect(); gc.freeze(); gc.disable()
started = time.perf_counter()
for _ in range(count):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
print((time.perf_counter() - started) / count)
"""


def floor(programs: int, at_once: int) -> float:
    """Seconds for so many bare forks, so many side by side."""
    running = [
        subprocess.Popen(
            [sys.executable, "-sP", "-c", FLOOR, str(INSIDE), str(max(200, programs))],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(at_once)
    ]
    each = [float(process.communicate()[0]) for process in running]
    return statistics.mean(each) * programs / at_once


@dataclass(frozen=True)
class Usage:
    """Processor seconds by where they were spent: user and system."""

    library: tuple[float, float]
    workers: tuple[float, float]
    programs: tuple[float, float]

    @classmethod
    def now(cls) -> Usage:
        """All that was used so far by this process, its workers and what they started."""
        own = _stat(os.getpid())
        workers, programs = (0.0, 0.0), (0.0, 0.0)
        for outer in _children(os.getpid()):
            for pid in (outer, *_children(outer)):
                used = _stat(pid)
                workers = (workers[0] + used[0], workers[1] + used[1])
                if pid != outer:  # the worker proper: what it reaped, and what still runs
                    parts = [used[2:], *(_stat(child)[:2] for child in _children(pid))]
                    programs = (
                        programs[0] + sum(part[0] for part in parts),
                        programs[1] + sum(part[1] for part in parts),
                    )
        return cls(own[:2], workers, programs)

    def since(self, before: Usage, programs: int) -> str:
        """Milliseconds a program, for the table."""
        cells = []
        for name in ("library", "workers", "programs"):
            now, then = getattr(self, name), getattr(before, name)
            user, system = ((a - b) / programs * 1e3 for a, b in zip(now, then, strict=True))
            cells.append(f"{user + system:.1f} ({system:.1f})")
        return "  ".join(f"{cell:>10}" for cell in cells)


def _stat(pid: int) -> tuple[float, float, float, float]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0, 0.0, 0.0
    user, system, waited_user, waited_system = (int(field) / TICKS for field in fields[11:15])
    return user, system, waited_user, waited_system


def _children(pid: int) -> list[int]:
    try:
        listings = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for listing in listings for child in listing.split()]


async def measure(work: Workload, at_once: int, rounds: int) -> str | None:
    """Time all ways in turns; returns the level. Prints one row."""
    tests = len(work.tests)
    counts = {"bestofn": 160 if tests < 40 else 60, "fresh": max(2, 60 // tests), "official": 20}
    seconds: dict[str, list[float]] = {way: [] for way in (*counts, "floor")}
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("fork")) as pool:
        async with Sandbox(workers=at_once) as sandbox:
            ways: dict[str, Callable[[int], Awaitable[None]]] = {
                "bestofn": lambda n: strictly(work, n, sandbox),
                "fresh": lambda n: freshly(work, n, at_once),
                "official": lambda n: officially(work, n, pool),
            }
            for run in ways.values():
                await run(4)
            used = ""
            for _ in range(rounds):
                for way, run in ways.items():
                    before, started = Usage.now(), time.perf_counter()
                    await run(counts[way])
                    seconds[way].append((time.perf_counter() - started) / counts[way])
                    if way == "bestofn":
                        used = Usage.now().since(before, counts[way])
                seconds["floor"].append(floor(100, at_once) / 100)
            level = str(sandbox.level)
    own = statistics.median(seconds["bestofn"])
    row = f"{work.name:<18} {at_once:>2} {1 / own:>9.0f} {tests / own:>8.0f} "
    row += f"{own / tests * 1e3:>8.2f} "
    for way in ("fresh", "official"):
        row += f"{ratio(seconds[way], seconds['bestofn']):>8.1f} x"
    row += f"{ratio(seconds['bestofn'], seconds['floor']):>9.1f} x   {used}"
    print(row, flush=True)
    return level


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """The median of the rounds' own ratios."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


async def main(rounds: int, most: int) -> None:
    """Print the table."""
    print(f"{rounds} rounds, medians; processor ms a program: all (of it in the kernel)")
    print(
        f"{'workload':<18} {'at once':>2} {'prog/s':>6} {'tests/s':>8} {'ms/test':>8} "
        f"{'v. fresh':>10} {'official':>10} {'of floor':>10}   {'library':>10}  {'workers':>10}  "
        f"{'programs':>10}"
    )
    level = None
    for work in workloads():
        for at_once in range(1, most + 1):
            level = await measure(work, at_once, rounds)
    print(f"isolation: {level}; the other ways have none")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=2, help="programs at a time, from 1 on")
    arguments = parser.parse_args()
    anyio.run(main, arguments.rounds, arguments.most)
