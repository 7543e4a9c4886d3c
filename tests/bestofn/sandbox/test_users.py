"""The sandbox as a plain user and as root, with an interpreter that both can read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

import bestofn

NOBODY = 65534
SCRIPT = """
import anyio
from bestofn.sandbox import Level, Sandbox, StdinJob

async def main():
    for level in (Level.BASIC, Level.LIGHT, Level.FULL):
        async with Sandbox(workers=1, _level=level) as sandbox:
            job = StdinJob(source="import os; print(os.getuid(), os.geteuid())", inputs=("",))
            (result,) = await sandbox.execute(job)
            print(level, sandbox.level, *result.stdout.split(), result.error, flush=True)

anyio.run(main)
"""


def run_as(user: int, interpreter: str) -> str:
    """The script's output, run by a user."""
    path = [Path(bestofn.__file__).parents[1], Path(anyio.__file__).parents[1]]
    done = subprocess.run(
        [interpreter, "-c", SCRIPT],
        env={"PYTHONPATH": os.pathsep.join(map(str, path)), "PATH": os.environ["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        user=user,
        group=user,
        extra_groups=[],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def usable(interpreter: str, user: int) -> bool:
    """Whether a user can run the interpreter, and it is recent enough."""
    try:
        done = subprocess.run(
            [interpreter, "-c", "import sys; assert sys.version_info >= (3, 11)"],
            user=user,
            cwd="/",
            capture_output=True,
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.parametrize("user", [0, NOBODY])
def test_programs_never_run_as_root_where_that_can_be_helped(user: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run this test as several users")
    choices = [c for c in (sys.executable, "/usr/bin/python3") if usable(c, NOBODY)]
    if not choices:
        pytest.skip("no Python here that other users can run")
    lines = run_as(user, choices[0]).splitlines()
    assert len(lines) == 3
    for line in lines:
        _, level, real, effective = line.split()
        assert level in ("basic", "light", "full")
        assert real == effective != "0"
