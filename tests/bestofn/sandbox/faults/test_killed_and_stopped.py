"""Workers and programs killed or stopped from outside, at any moment.

Every program gets its one right verdict, or a fault of the sandbox that says nothing about it.
Nothing is lost, nothing is left behind, and the sandbox goes on. What strikes does so at moments
counted in runs and in turns of the event loop, drawn from a seed; no verdict here depends on them.
``BESTOFN_FAULTS=10`` makes ten times as many runs.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import anyio
import pytest

from bestofn.errors import SandboxFault
from bestofn.sandbox import Level, Limits, Sandbox, StdinJob

from .processes import birth, children, descendants, open_files, send, sleeps, state, turns
from .tasks import BATCH, LIMITS, MORE, Results, Task, task, wrong

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Blow:
    """When to strike, whom, and how."""

    runs: int
    turns: int
    at_program: bool
    twice: bool


def blows(rng: random.Random, *, runs: int, count: int, programs: float) -> list[Blow]:
    return sorted(
        (
            Blow(
                runs=rng.randrange(runs),
                turns=rng.choice([0, rng.randrange(30), rng.randrange(2000)]),
                at_program=rng.random() < programs,
                twice=rng.random() < 0.3,
            )
            for _ in range(count)
        ),
        key=lambda blow: (blow.runs, blow.turns),
    )


Hit = Callable[[int], Awaitable[bool]]
"""Does something to a process; whether there still was one."""


async def kill(pid: int) -> bool:
    return send(pid, signal.SIGKILL)


def stopper(rng: random.Random) -> Hit:
    """Stops a process for some turns of the event loop, whatever happens meanwhile."""

    async def stop(pid: int) -> bool:
        stopped = send(pid, signal.SIGSTOP)
        try:
            await turns(rng.randrange(1000))
        finally:
            send(pid, signal.SIGCONT)
        return stopped

    return stop


async def strike(
    sandbox: Sandbox,
    plan: list[Blow],
    rng: random.Random,
    seen: set[tuple[int, str]],
    struck: Counter[str],
    hit: Hit,
) -> None:
    """Carry out a plan against the workers of a sandbox and what they run."""
    for blow in plan:
        while sandbox.runs < blow.runs:
            await turns(1)
        await turns(blow.turns)
        for _ in range(1 + blow.twice):
            while not (workers := sorted(filter(birth, children()))):
                await turns(1)
            worker = rng.choice(workers)
            below = descendants(worker)
            seen |= {(p, began) for p in {worker} | below if (began := birth(p)) is not None}
            if not blow.at_program:
                struck["workers"] += await hit(worker)
            elif below:
                struck["programs"] += await hit(rng.choice(sorted(below)))


async def carry_out(
    tasks: list[Task],
    seen: set[tuple[int, str]],
    plan: list[Blow],
    seed: int,
    hit: Hit,
    level: Level = Level.FULL,
) -> tuple[Results, Counter[str]]:
    """Run tasks side by side under blows; executions by task, None for a fault.

    Afterwards the same sandbox has to run some of them again, undisturbed.
    """
    results: Results = {}
    struck: Counter[str] = Counter()
    files = open_files()
    async with Sandbox(workers=2, limits=LIMITS, _level=level) as sandbox:

        async def run(queue: Iterator[int], into: Results) -> None:
            for number in queue:
                assert number not in into
                try:
                    into[number] = await sandbox.execute(tasks[number].job)
                except SandboxFault:
                    into[number] = None

        async def run_all(count: int, into: Results) -> None:
            queue = iter(range(count))
            async with anyio.create_task_group() as running:
                for _ in range(2 * sandbox.workers):
                    running.start_soon(run, queue, into)

        async with anyio.create_task_group() as striking:
            striking.start_soon(strike, sandbox, plan, random.Random(seed), seen, struck, hit)
            await run_all(len(tasks), results)
            striking.cancel_scope.cancel()
        calm: Results = {}
        await run_all(2, calm)
        # A worker that was killed while it was idle may still be found dead.
        await run_all(6, calm := {})
        assert None not in calm.values()
        assert wrong(tasks[:6], calm) == []
    assert open_files() == files
    assert sorted(results) == list(range(len(tasks)))
    return results, struck


def plan_for(
    tasks: list[Task], seed: int, count: int, at_programs: float
) -> tuple[list[Blow], random.Random]:
    rng = random.Random(seed)
    return blows(rng, runs=BATCH * len(tasks), count=count, programs=at_programs), rng


@pytest.mark.parametrize(
    ("level", "jobs"), [(Level.FULL, 100), (Level.LIGHT, 30)], ids=["best", "without_namespaces"]
)
async def test_workers_killed_at_any_moment_cost_no_verdict(
    nothing_left: set[tuple[int, str]], level: Level, jobs: int
) -> None:
    tasks = [task(number) for number in range(jobs * MORE)]
    plan, _ = plan_for(tasks, 4, len(tasks) * 3 // 10, 0.0)
    results, struck = await carry_out(tasks, nothing_left, plan, 4, kill, level)
    assert wrong(tasks, results) == []
    assert struck["workers"] >= len(plan) // 2
    # A job is given up when two attempts at it failed, and each took a blow of its own.
    faults = sum(executions is None for executions in results.values())
    assert 2 * faults <= struck["workers"]


async def test_programs_killed_at_any_moment_cost_themselves_alone(
    nothing_left: set[tuple[int, str]],
) -> None:
    tasks = [task(number) for number in range(50 * MORE)]
    plan, _ = plan_for(tasks, 5, 60 * MORE, 1.0)
    results, struck = await carry_out(tasks, nothing_left, plan, 5, kill)
    assert struck["programs"] >= len(plan) // 4
    hit = wrong(tasks, results)
    # What was killed says so, and nobody says more runs than were hit by these blows: one that
    # was hit while it loaded fails all runs of its job, as it does when it kills itself there.
    assert {(execution.status, execution.error) for _, _, execution in hit} <= {
        ("crash", "SIGKILL")
    }
    assert len({number for number, _, _ in hit}) <= struck["programs"]


@pytest.mark.parametrize("at_programs", [0.0, 1.0], ids=["workers", "programs"])
async def test_stopped_for_a_while_and_continued_costs_no_verdict(
    nothing_left: set[tuple[int, str]], at_programs: float
) -> None:
    tasks = [task(number) for number in range(25 * MORE)]
    plan, rng = plan_for(tasks, 6, 25 * MORE, at_programs)
    results, struck = await carry_out(tasks, nothing_left, plan, 6, stopper(rng))
    assert struck.total() >= len(plan) // 4
    assert None not in results.values()
    assert wrong(tasks, results) == []


FAMILY = """\
import os, time
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        os.fork()
        time.sleep(1000)
time.sleep(1000)
"""


async def test_a_worker_that_is_killed_takes_the_programs_whole_family_with_it(
    nothing_left: set[tuple[int, str]],
) -> None:
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        await sandbox.execute(StdinJob(source="", inputs=("",)))
        if sandbox.level != Level.FULL:
            pytest.skip(f"below full programs have no family to leave, and this is {sandbox.level}")
        (worker,) = children()

        async def kill_when_all_are_there() -> None:
            while sum(map(sleeps, descendants(worker))) < 5:
                await turns(1)
            everyone = {worker} | descendants(worker)
            nothing_left.update((p, began) for p in everyone if (began := birth(p)) is not None)
            send(worker, signal.SIGKILL)
            running.cancel_scope.cancel()

        async with anyio.create_task_group() as running:
            running.start_soon(kill_when_all_are_there)
            await sandbox.execute(StdinJob(source=FAMILY, inputs=("",)))
        assert len(nothing_left) > 5


async def test_idle_workers_that_were_killed_cost_nothing(
    nothing_left: set[tuple[int, str]],
) -> None:
    tasks = [task(0), task(1)]
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        await sandbox.execute(tasks[0].job)
        for pid in children():
            send(pid, signal.SIGKILL)
        executions = await sandbox.execute(tasks[1].job)
        assert wrong([tasks[1]], {0: executions}) == []


async def test_all_idle_workers_killed_cost_nothing(nothing_left: set[tuple[int, str]]) -> None:
    tasks = [task(0), task(3)]
    async with Sandbox(workers=2, limits=LIMITS) as sandbox:
        async with anyio.create_task_group() as group:
            for one in tasks:
                group.start_soon(sandbox.execute, one.job)
        assert len(children()) == 2
        for pid in children():
            send(pid, signal.SIGKILL)
        assert wrong(tasks[:1], {0: await sandbox.execute(tasks[0].job)}) == []


async def test_a_clock_that_jumps_while_everything_stands_still_is_no_time_out(
    nothing_left: set[tuple[int, str]],
) -> None:
    # What a paused machine looks like: worker and program stopped for longer than the program
    # may take, then both go on. The long sleep is the pause itself; nothing waits for it.
    job = StdinJob(source="import time\ntime.sleep(1)\nprint(input())", inputs=("x",))
    limits = Limits(seconds=30, wall_seconds=4)
    async with Sandbox(workers=1, limits=limits) as sandbox:
        await sandbox.execute(StdinJob(source="", inputs=("",)))
        (worker,) = children()

        async def pause() -> None:
            while not (program := {pid for pid in descendants(worker) if sleeps(pid)}):
                await turns(1)
            idle = [worker, *sorted(descendants(worker) - program)]
            for pid in (*idle, *program):
                send(pid, signal.SIGSTOP)
            await anyio.sleep(4.5)
            for pid in idle:  # the worker first: nobody has a report for it when it looks
                send(pid, signal.SIGCONT)
                while state(pid) not in "SZ":
                    await turns(1)
            for pid in program:
                send(pid, signal.SIGCONT)

        async with anyio.create_task_group() as group:
            group.start_soon(pause)
            (execution,) = await sandbox.execute(job)
        assert (execution.status, execution.stdout) == ("ok", "x\n")
