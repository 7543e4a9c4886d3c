"""Every hostile program: contained, judged right, without harm to others, and nothing left."""

from __future__ import annotations

import os

import anyio
import pytest

from bestofn.sandbox import Execution, Level, Sandbox

from . import descriptors, files, interpreter, kernel, memory, network, poison, processes
from .casebook import Case
from .conftest import Targets
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


def test_there_are_enough() -> None:
    assert len(CASES) == sum(len(theme.CASES) for theme in THEMES), "two cases share a name"
    assert len(CASES) >= 80
