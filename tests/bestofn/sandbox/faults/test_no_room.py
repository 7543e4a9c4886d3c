"""No room left: descriptors, a place for directories, the programs' own disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bestofn.sandbox import Level, Sandbox, StdinJob

from .tasks import LIMITS

pytestmark = pytest.mark.anyio

EXHAUSTED = """\
import os, resource, signal, sys, tempfile
import anyio
from bestofn.errors import SandboxError
from bestofn.sandbox import Sandbox, StdinJob

tempfile.tempdir = sys.argv[1]
free, when = int(sys.argv[2]), sys.argv[3]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
job = StdinJob(source="print(input())", inputs=("x",))
hoard = []


def exhaust():
    try:
        while True:
            hoard.append(os.dup(0))
    except OSError:
        for _ in range(free):
            os.close(hoard.pop())


def release():
    while hoard:
        os.close(hoard.pop())


def state():
    with open(f"/proc/self/task/{os.getpid()}/children") as children:
        return len(os.listdir("/proc/self/fd")), children.read(), os.listdir(sys.argv[1])


async def main():
    before = state()
    async with Sandbox(workers=1) as sandbox:
        await sandbox.execute(job)
        if when == "restart":
            os.kill(sandbox._idle[0].pid, signal.SIGKILL)
        exhaust()
        if when != "close":
            try:
                (execution,) = await sandbox.execute(job)
                assert execution.stdout == "x\\n", execution
            except SandboxError as error:
                assert "open files" in str(error), error
            release()
            (execution,) = await sandbox.execute(job)
            assert execution.stdout == "x\\n", execution
    release()
    assert state() == before, (before, state())


anyio.run(main)
"""


@pytest.mark.parametrize(
    ("when", "free"),
    [
        ("run", 0),
        *(("restart", free) for free in (0, 1, 2, 3, 4, 6)),
        ("close", 0),
    ],
)
def test_without_descriptors_left_the_library_says_so_and_recovers(
    tmp_path: Path, when: str, free: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXHAUSTED, str(tmp_path), str(free), when],
        capture_output=True,
        text=True,
    )
    for name in tmp_path.iterdir():  # else the next run's check would not be its own
        name.rmdir()
    assert done.returncode == 0, done.stderr


PLACELESS = """\
import sys, tempfile
import anyio
from bestofn.errors import SandboxUnavailable
from bestofn.sandbox import Sandbox, StdinJob

tempfile.tempdir = sys.argv[1]


async def main():
    async with Sandbox(workers=1) as sandbox:
        try:
            await sandbox.execute(StdinJob(source="", inputs=("",)))
        except SandboxUnavailable as error:
            assert sys.argv[1] in str(error), error
        else:
            raise AssertionError("it ran")


anyio.run(main)
"""


def test_without_a_place_for_its_directory_no_worker_starts(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLACELESS, missing], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


FILLS = """\
import errno, os
number, written = 0, 0
try:
    while written < 1 << 30:
        with open(f"{number}", "wb", buffering=0) as file:
            for _ in range(8):
                written += file.write(bytes(1 << 20))
        number += 1
except OSError as error:
    print(errno.errorcode[error.errno])
"""
WRITES = "open('x', 'w').write(input())\nprint(open('x').read())"


async def test_a_disk_filled_by_one_program_is_empty_for_the_next(
    nothing_left: set[tuple[int, str]],
) -> None:
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        await sandbox.execute(StdinJob(source="", inputs=("",)))
        if sandbox.level != Level.FULL:
            pytest.skip(f"only level full has a disk that may be filled, not {sandbox.level}")
        for _ in range(2):
            (filled,) = await sandbox.execute(StdinJob(source=FILLS, inputs=("",)))
            assert (filled.status, filled.stdout) == ("ok", "ENOSPC\n")
            job = StdinJob(source=WRITES, inputs=("a", "b"))
            assert [e.stdout for e in await sandbox.execute(job)] == ["a\n", "b\n"]
        # The same process serves a program's runs: each of them finds the disk empty.
        both = StdinJob(
            source=f"if input() == 'fill':\n    exec({FILLS!r})\nelse:\n    "
            "open('x', 'w').write('y')\n    print(open('x').read())",
            inputs=("fill", "go", "fill", "go"),
        )
        outputs = [e.stdout for e in await sandbox.execute(both)]
        assert outputs == ["ENOSPC\n", "y\n", "ENOSPC\n", "y\n"]
