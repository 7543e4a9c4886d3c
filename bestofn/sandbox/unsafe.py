"""Level ``unsafe``: each run in a plain process of its own. Only for who asks for it by name.

A program gets a scrubbed environment, a directory that is removed afterwards and a wall clock,
on Linux, macOS and Windows alike. Nothing keeps it from the user's files, processes or network.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import anyio

from ..errors import SandboxUnavailable
from .inside import plain
from .inside.frames import FrameError
from .inside.replies import OUT_OF_TOTAL
from .protection import UNPROTECTED, Protection
from .types import Execution, Level
from .wire import WireJob, execution
from .worker import ENVIRONMENT, INSIDE

_BOOT = """
import importlib.util, sys
role, place, folder = sys.argv[1:]
spec = importlib.util.spec_from_file_location(
    "inside", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["inside"] = importlib.util.module_from_spec(spec)
from inside import plain
plain.main(role, place)
"""
_NEEDED = ("SYSTEMROOT", "WINDIR")  # without which nothing starts on Windows


class UnsafeWorker:
    """Stands where a worker stands, and starts a process for each run.

    Args:
        index: Tells the workers of one sandbox apart.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.found = Protection(level=Level.UNSAFE, own_user=False, missing=(UNPROTECTED,))

    async def run(self, job: WireJob, started: Callable[[], None]) -> list[Execution]:
        """Run a job; see :meth:`bestofn.sandbox.worker.Worker.run`."""
        if job.header["kind"] not in ("stdin", "call", "inside", "unittest", "official"):
            raise SandboxUnavailable("level unsafe runs Python programs only")
        began = time.monotonic()
        executions: list[Execution] = []
        for fed in (run for group in job.groups for run in group.runs):
            reason = _not_to_be_run(job, executions, began)
            if reason:
                executions.append(Execution(status="not_run", error=reason))
            else:
                started()
                total = job.limits.total_seconds
                left = math.inf if total is None else began + total - time.monotonic()
                executions.append(await _run_one(job, fed, left))
        return executions

    async def close(self) -> None:
        """Nothing outlives a run."""


def _not_to_be_run(job: WireJob, executions: list[Execution], began: float) -> str:
    total, most = job.limits.total_seconds, job.limits.timeouts
    if total is not None and time.monotonic() - began >= total:
        return OUT_OF_TOTAL
    if most is not None and sum(each.status == "timeout" for each in executions) >= most:
        return "earlier runs timed out"
    return ""


async def _run_one(job: WireJob, fed: bytes, left: float) -> Execution:
    base = Path(tempfile.mkdtemp(prefix="bestofn-unsafe-"))
    try:
        home = base / "home"
        home.mkdir()
        (base / plain.PROGRAM).write_bytes(job.blobs[0])
        (base / plain.INPUT).write_bytes(fed)
        began = time.monotonic()
        code = await _process(job, base, home, min(job.wall_seconds, left))
        if code is None and left < job.wall_seconds:
            return Execution(status="not_run", error=OUT_OF_TOTAL)
        return _execution(job, base, code, time.monotonic() - began)
    finally:
        shutil.rmtree(base, ignore_errors=True)  # a program may have made that hard


async def _process(job: WireJob, base: Path, home: Path, seconds: float) -> int | None:
    """Exit code of the process, or None if its time ran out."""
    kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), str(home))
    with _streams(job, base) as (stdin, stdout, stderr):
        process = await anyio.open_process(
            [sys.executable, "-sP", "-c", _BOOT, job.kind, str(base), str(INSIDE)],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=home,
            env={**ENVIRONMENT, **kept, **places},
            start_new_session=os.name == "posix",
        )
        with anyio.move_on_after(seconds):
            try:
                return await process.wait()
            finally:
                with anyio.CancelScope(shield=True):
                    _kill(process)
                    await process.wait()
    return None


@contextlib.contextmanager
def _streams(job: WireJob, base: Path) -> Iterator[tuple[IO[bytes], ...]]:
    with (
        open(base / plain.INPUT if job.kind == "stdin" else os.devnull, "rb") as stdin,
        open(base / "stdout", "wb") as stdout,
        open(base / "stderr", "wb") as stderr,
    ):
        yield stdin, stdout, stderr


def _kill(process: anyio.abc.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _execution(job: WireJob, base: Path, code: int | None, wall: float) -> Execution:
    most = job.limits.output_bytes
    report: dict[str, Any] = {"status": "crash", "error": "", "marks": []}
    try:
        report = json.loads((base / plain.REPORT).read_bytes())
    except FileNotFoundError:
        report |= _ending(job, base, code)
    except ValueError:
        report["error"] = "malformed report"
    if code is None:
        report = {"status": "timeout", "error": "out of wall-clock time", "marks": []}
    name = "stdout" if job.kind == "stdin" else plain.ANSWER
    answer = b""
    with contextlib.suppress(FileNotFoundError), open(base / name, "rb") as file:
        answer = file.read(most + 1)
    if len(answer) > most:
        answer = answer[:most]
        report["status"] = "output"
        report["error"] = f"printed more than {most} bytes; the rest was cut"
    try:
        result = [report["status"], report["error"], wall, wall, len(answer), report["marks"]]
        return execution(job.kind, result, answer)
    except (FrameError, LookupError, TypeError) as error:  # the program wrote it itself
        return Execution(status="crash", error=f"malformed report: {error}", wall_seconds=wall)


def _ending(job: WireJob, base: Path, code: int | None) -> dict[str, str]:
    """What a process that did not report died of."""
    if code is not None and code < 0:
        return {"status": "crash", "error": f"signal {-code}"}
    if code == 0 and job.kind == "stdin":
        return {"status": "ok"}
    if code == 0:
        return {"status": "exit", "error": "the program ended instead of returning"}
    tail = (base / "stderr").read_bytes()[-500:].decode("utf-8", "replace").strip()
    return {"status": "exit", "error": f"exit status {code}" + (f": {tail}" if tail else "")}
