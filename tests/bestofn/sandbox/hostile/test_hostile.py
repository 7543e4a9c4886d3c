"""Every hostile program: contained, judged right, without harm to others, and nothing left."""

# ruff: noqa: ASYNC110, ASYNC240 - the file system is looked at in passing
from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import pytest

from bestofn.sandbox import Execution, Level, Sandbox, StdinJob

from . import descriptors, files, interpreter, kernel, memory, network, poison, processes
from .casebook import Case
from .conftest import GENEROUS, Targets
from .controls import both, control

pytestmark = pytest.mark.anyio

THEMES = (processes, memory, files, network, kernel, descriptors, interpreter, poison)
CASES = {
    f"{theme.__name__.rpartition('.')[2]}: {case.name}": case
    for theme in THEMES
    for case in theme.CASES
}


@pytest.mark.parametrize("name", CASES)
async def test_hostile(hardened: Sandbox, targets: Targets, name: str) -> None:
    await judge(hardened, targets, CASES[name].at(str(hardened.level)))


async def judge(sandbox: Sandbox, targets: Targets, case: Case) -> None:
    """Contained, judged right, and as if it had never been."""
    assert sandbox.level is not None
    assert sandbox.level >= Level.LIGHT
    await both(sandbox, case.kind)
    before = await targets.watcher.calm()
    result = await attack(sandbox, targets, case)
    await both(sandbox, case.kind)
    assert result.status in case.ends, result
    assert case.error in result.error
    if case.prints is not None:
        assert result.stdout == case.prints, result
    for text in (result.stdout, result.error, repr(result.value)):
        assert targets.secret not in text
    result.error.encode()
    assert await targets.watcher.settled(before) == {}
    assert targets.heard() == []


async def attack(sandbox: Sandbox, targets: Targets, case: Case) -> Execution:
    """Run the program; with neighbours that are not to notice, if the case says so."""
    assert sandbox.level is not None
    job = case.job(targets.header(sandbox.level))
    ended = anyio.Event()
    results: list[Execution] = []

    async def hostile() -> None:
        try:
            results.extend(await sandbox.execute(job, limits=case.limits))
        finally:
            ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(hostile)
        while case.neighbours:
            await control(sandbox, "stdin")
            if ended.is_set():
                break
    return results[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can keep root")
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("files: ")])
async def test_hostile_to_files_where_programs_keep_root(
    as_root: Sandbox, targets: Targets, name: str
) -> None:
    """As they have to where the interpreter is out of other users' reach."""
    await judge(as_root, targets, CASES[name])


async def test_programs_are_what_the_kernel_ends_first_for_want_of_memory(
    hardened: Sandbox, targets: Targets
) -> None:
    for worker in targets.watcher.workers():
        assert Path(f"/proc/{worker}/oom_score_adj").read_text() == "1000\n"


async def test_worker_killed_while_a_program_is_hard_to_clear_away(targets: Targets) -> None:
    bases = Path(targets.names["BASES"])
    source = """
import os, time
top = os.getcwd()
for _ in range(1500):
    os.mkdir('d')
    os.chdir('d')
os.mkdir(top + '/ready')
time.sleep(1000)
"""
    job = StdinJob(source=source, inputs=("",))
    others = set(bases.iterdir()), set(targets.watcher.workers())
    async with Sandbox(workers=1, limits=GENEROUS, _level=Level.LIGHT) as sandbox:
        await control(sandbox, "stdin")
        if sandbox.level != Level.LIGHT:
            pytest.skip(f"isolation level light does not work here: {sandbox.missing}")
        (base,) = set(bases.iterdir()) - others[0]
        (worker,) = set(targets.watcher.workers()) - others[1]
        async with anyio.create_task_group() as group:
            group.start_soon(sandbox.execute, job)
            with anyio.fail_after(100):
                while not any(base.glob("program/*/ready")):
                    await anyio.sleep(0.01)
            os.kill(worker, signal.SIGKILL)
            group.cancel_scope.cancel()
        await control(sandbox, "stdin")
        assert not base.exists()


def test_there_are_enough() -> None:
    assert len(CASES) == sum(len(theme.CASES) for theme in THEMES), "two cases share a name"
    assert len(CASES) >= 80
