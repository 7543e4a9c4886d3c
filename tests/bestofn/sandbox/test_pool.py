# ruff: noqa: ASYNC110, ASYNC221, ASYNC240 - the test may block its own loop
from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from bestofn.errors import InvalidInput, SandboxFault, SandboxUnavailable
from bestofn.sandbox import CallJob, Level, Limits, OfficialJob, Sandbox, StdinJob, probe

pytestmark = pytest.mark.anyio

ECHO = "print(input())"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sandbox makes its directories, and nobody else does."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def children() -> set[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return set(map(int, listing.split()))


def echo(text: str) -> StdinJob:
    return StdinJob(source=ECHO, inputs=(text,))


async def test_nothing_happens_before_the_first_job() -> None:
    before = children()
    async with Sandbox() as sandbox:
        assert children() == before
        assert (sandbox.level, sandbox.missing, sandbox.runs) == (None, (), 0)
        assert await sandbox.execute(StdinJob(source="", inputs=())) == []
        assert children() == before


async def test_counts_runs_and_says_its_level() -> None:
    async with Sandbox(workers=1) as sandbox:
        await sandbox.execute(StdinJob(source=ECHO, inputs=("1", "2")))
        await sandbox.execute(CallJob(source="def f(): pass", entry_point="f", calls=((),)))
        assert sandbox.runs == 3
        assert sandbox.protection == await probe()
        assert (sandbox.missing == ()) == (sandbox.level == Level.FULL)


async def test_nothing_is_left_behind(temporary: Path) -> None:
    processes = children()
    async with Sandbox(workers=2) as sandbox:
        async with anyio.create_task_group() as group:
            for n in range(4):
                group.start_soon(sandbox.execute, echo(str(n)))
        assert len(children() - processes) == 2
    assert children() == processes
    assert os.listdir(temporary) == []


async def test_many_callers_share_few_workers() -> None:
    results: dict[int, str] = {}
    async with Sandbox(workers=2) as sandbox:

        async def one(n: int) -> None:
            (result,) = await sandbox.execute(echo(str(n)))
            results[n] = result.stdout

        async with anyio.create_task_group() as group:
            for n in range(60):
                group.start_soon(one, n)
    assert results == {n: f"{n}\n" for n in range(60)}


async def worker_pid(before: set[int]) -> int:
    while not (new := children() - before):
        await anyio.lowlevel.checkpoint()
    return new.pop()


async def test_a_worker_killed_within_a_job_is_replaced_and_the_job_repeated() -> None:
    before = children()
    slow = StdinJob(source="import time; time.sleep(.5); print(input())", inputs=("a", "b"))
    async with Sandbox(workers=1) as sandbox:
        await sandbox.execute(echo(""))
        pid = await worker_pid(before)

        async def kill() -> None:
            os.kill(pid, signal.SIGKILL)

        async with anyio.create_task_group() as group:
            group.start_soon(kill)
            results = await sandbox.execute(slow)
        assert [r.stdout for r in results] == ["a\n", "b\n"]
        assert pid not in children()


async def test_a_worker_that_dies_every_time_is_a_fault() -> None:
    before = children()
    slow = StdinJob(source="import time; time.sleep(30)", inputs=("",))
    async with Sandbox(workers=1, limits=Limits(wall_seconds=60)) as sandbox:
        await sandbox.execute(echo(""))

        async def kill() -> None:
            for _ in range(2):
                pid = await worker_pid(before)
                os.kill(pid, signal.SIGKILL)
                while pid in children():
                    await anyio.sleep(0.01)

        async with anyio.create_task_group() as group:
            group.start_soon(kill)
            with pytest.raises(SandboxFault):
                await sandbox.execute(slow)
        assert (await sandbox.execute(echo("x")))[0].stdout == "x\n"


@pytest.mark.parametrize("level", [Level.BASIC, Level.LIGHT, Level.FULL], ids=str)
async def test_cancelling_kills_what_runs_and_leaks_nothing(level: Level, temporary: Path) -> None:
    processes = children()
    source = "import time\nopen('left', 'w').write('x')\ntime.sleep(100)"
    async with Sandbox(workers=1, limits=Limits(wall_seconds=200), _level=level) as sandbox:
        await sandbox.execute(echo(""))
        with anyio.move_on_after(0.3) as scope:
            await sandbox.execute(StdinJob(source=source, inputs=("",)))
        assert scope.cancelled_caught
        assert children() == processes
        assert (await sandbox.execute(echo("again")))[0].stdout == "again\n"
    assert children() == processes
    assert os.listdir(temporary) == []


async def test_cancelling_one_who_waits_disturbs_nobody() -> None:
    async with Sandbox(workers=1) as sandbox:
        with anyio.move_on_after(0):
            await sandbox.execute(echo("never"))
        assert (await sandbox.execute(echo("x")))[0].stdout == "x\n"


async def test_a_level_that_does_not_work_is_refused_in_words() -> None:
    async with Sandbox(workers=1, require=Level.FULL, _level=Level.BASIC) as sandbox:
        with pytest.raises(SandboxUnavailable, match="full is required, but only basic"):
            await sandbox.execute(echo(""))


async def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    await sandbox.aclose()
    with pytest.raises(SandboxUnavailable, match="closed"):
        await sandbox.execute(echo(""))


def test_a_sandbox_needs_a_worker() -> None:
    with pytest.raises(InvalidInput, match=r"Sandbox\.workers"):
        Sandbox(workers=0)


async def test_wrong_fields_are_named() -> None:
    async with Sandbox() as sandbox:
        with pytest.raises(InvalidInput, match=r"StdinJob\.inputs\[1\]"):
            await sandbox.execute(StdinJob(source="", inputs=("", 3)))  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match=r"CallJob\.entry_point"):
            await sandbox.execute(CallJob(source="", entry_point="a b", calls=((),)))


async def test_a_worker_ends_with_a_library_that_is_killed() -> None:
    script = (
        "import anyio, os, signal\nfrom bestofn.sandbox import Sandbox, StdinJob\n"
        "async def main():\n"
        "    sandbox = Sandbox(workers=1)\n"
        "    await sandbox.execute(StdinJob(source='', inputs=('',)))\n"
        "    print(*open(f'/proc/self/task/{os.getpid()}/children').read().split(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "anyio.run(main)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    (worker,) = map(int, done.stdout.split())
    with anyio.fail_after(10):
        while Path(f"/proc/{worker}").exists():
            await anyio.sleep(0.01)


async def test_large_inputs_and_large_answers_do_not_wait_for_each_other() -> None:
    # Both directions hold more than a socket takes at once, several times over.
    text = "x" * 3_000_000
    job = StdinJob(source="print(input())", inputs=(text,) * 4)
    async with Sandbox(workers=1) as sandbox:
        with anyio.fail_after(60):
            results = await sandbox.execute(job)
    assert [len(result.stdout) for result in results] == [len(text) + 1] * 4


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Sandbox(workers=1.5), "Sandbox.workers"),  # type: ignore[arg-type]
        (lambda: Sandbox(limits={}), "Sandbox.limits"),  # type: ignore[arg-type]
        (lambda: Sandbox(require=7), "Sandbox.require"),  # type: ignore[arg-type]
        (lambda: Sandbox(require="strong"), "Sandbox.require"),
        (lambda: Sandbox.at("strong"), "level"),
        (lambda: Limits(memory_bytes=1e9), "Limits.memory_bytes"),  # type: ignore[arg-type]
        (lambda: Limits(threads=0), "Limits.threads"),
    ],
)
def test_wrong_settings_are_named(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert str(refused.value).startswith(field)


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ("print(1)", "job"),
        (StdinJob(source="", inputs="abc"), "StdinJob.inputs"),  # type: ignore[arg-type]
        (StdinJob(source="", inputs=None), "StdinJob.inputs"),  # type: ignore[arg-type]
        (OfficialJob(source="", rules="..jobs", task={}), "OfficialJob.rules"),
        (OfficialJob(source="", rules="humaneval", task={"a": {1}}), "OfficialJob.task"),
    ],
)
async def test_wrong_jobs_are_named(job: Any, field: str) -> None:
    async with Sandbox(workers=1) as sandbox:
        with pytest.raises(InvalidInput) as refused:
            await sandbox.execute(job)
        assert str(refused.value).startswith(field)
        assert sandbox.level is None  # nothing was started for it
