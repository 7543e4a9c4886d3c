"""One worker process as the library sees it: start it, hand it a job, end it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import anyio

from ..errors import SandboxUnavailable
from .inside import frames
from .inside.trees import remove_tree
from .protection import Protection
from .types import Execution, Level
from .wire import WireJob, execution

# ``-I`` would also ignore PYTHONHASHSEED, without which the order of sets, and so what some
# programs print, would differ from worker to worker. The environment holds nothing else.
_START = (sys.executable, "-sP", "-c")
# The package is named by its place: this folder on the path would put our types.py before
# Python's own.
_BOOT = """
import importlib.util, os, resource, sys
stack, most = resource.getrlimit(resource.RLIMIT_STACK)
wanted = 256 << 20 if most == resource.RLIM_INFINITY else min(256 << 20, most)
if stack != resource.RLIM_INFINITY and stack < wanted:
    # Where the main thread's stack ends is settled when a program is executed.
    resource.setrlimit(resource.RLIMIT_STACK, (wanted, most))
    os.execv(sys.executable, sys.orig_argv)
folder = sys.argv[1]
spec = importlib.util.spec_from_file_location(
    "inside", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["inside"] = importlib.util.module_from_spec(spec)
from inside import zygote
zygote.main(sys.argv[2])
"""
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
INSIDE = Path(__file__).parent / "inside"
"""The code that workers run, as a package of its own."""
_CHUNK = 1 << 18
_SIZE = 4  # place of the answer's size in a result
_START_SECONDS = 60.0
_BACKSTOP_SECONDS = 30.0  # on top of what the worker itself grants a run
_GRACE_SECONDS = 2.0  # for a worker to end what it runs before it is killed itself


class WorkerGone(Exception):
    """The worker died, hung, or said something it should not."""


class Worker:
    """A running worker. Made by :func:`start`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stream: socket.socket,
        *,
        base: str,
        errors: IO[bytes],
        index: int,
    ) -> None:
        self.index = index
        self._process = process
        self._stream = stream
        self._base = base
        self._errors = errors
        self._inbox = bytearray()
        self.found = Protection()

    async def greet(self) -> None:
        """Wait until it is ready.

        Raises:
            SandboxUnavailable: it does not come up.
        """
        try:
            with anyio.fail_after(_START_SECONDS):
                hello = await self._message()
            self.found = Protection(
                level=Level(hello["level"]),
                layers=tuple(map(str, hello["layers"])),
                own_user=bool(hello["drop_user"]),
                missing=tuple(map(str, hello["missing"])),
            )
        except (WorkerGone, TimeoutError, KeyError, TypeError, ValueError) as error:
            self._errors.seek(0)
            said = self._errors.read().decode("utf-8", "replace").strip()[-2000:]
            raise SandboxUnavailable(
                f"a worker process ({sys.executable}) does not start: {said or error!r}"
            ) from error

        if "namespaces" in self.found.layers:
            # The worker has moved on to a root of its own, and needs its old place no more.
            with contextlib.suppress(OSError):
                os.rmdir(self._base)

    async def run(self, job: WireJob, started: Callable[[], None]) -> list[Execution]:
        """Run a job.

        Args:
            job: The job.
            started: Called once for each run that was really started.

        Raises:
            WorkerGone: no verdict about the program follows.
        """
        patience = job.wall_seconds * 2 + _BACKSTOP_SECONDS
        executions: list[Execution] = []
        with anyio.CancelScope() as scope:
            message = job.opening
            for group in job.groups:
                await self._send(message + group.as_bytes())
                message = b""
                due = len(executions) + len(group.runs)
                while len(executions) < due:
                    scope.deadline = anyio.current_time() + patience
                    results = await self._results(job, due - len(executions))
                    executions += results
                    for result in results:
                        if result.status != "not_run":
                            started()
        if scope.cancelled_caught:
            raise WorkerGone("the worker does not answer")
        if self._inbox:
            raise WorkerGone("the worker says more than it was asked")
        return executions

    async def _results(self, job: WireJob, most: int) -> list[Execution]:
        """The next results, as many as the worker has."""
        reply = await self._message()
        if isinstance(reply, dict) and "fault" in reply:
            raise WorkerGone(str(reply["fault"]))
        results = reply.get("results") if isinstance(reply, dict) else None
        if not isinstance(results, list) or not 0 < len(results) <= most:
            raise WorkerGone("the worker's reply is malformed")
        try:
            sizes = [result[_SIZE] for result in results]
            if not all(type(n) is int and 0 <= n <= job.limits.output_bytes for n in sizes):
                raise ValueError("sizes")
            answers = await self._receive(sum(sizes))
            ends = itertools.accumulate(sizes)
            return [
                execution(job.kind, result, answers[end - size : end])
                for result, size, end in zip(results, sizes, ends, strict=True)
            ]
        except (frames.FrameError, LookupError, TypeError, ValueError) as error:
            raise WorkerGone(f"the worker's reply is malformed: {error}") from error

    async def _send(self, data: bytes) -> None:
        """Send all of it; the worker reads a whole group before it answers."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._stream.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._stream)
            except OSError as error:
                raise WorkerGone(f"the worker died: {error}") from error

    async def _receive(self, size: int) -> bytes:
        while len(self._inbox) < size:
            try:
                data = self._stream.recv(_CHUNK)
            except BlockingIOError:
                await anyio.wait_readable(self._stream)
                continue
            except OSError as error:
                raise WorkerGone(f"the worker died: {error}") from error
            if not data:
                raise WorkerGone("the worker died")
            self._inbox += data
        taken = bytes(self._inbox[:size])
        del self._inbox[:size]
        return taken

    async def _message(self) -> Any:
        size = int.from_bytes(await self._receive(frames.HEADER), "big")
        if size > frames.LARGE:
            raise WorkerGone("the worker's reply is malformed")
        try:
            return frames.parse(await self._receive(size))
        except frames.FrameError as error:
            raise WorkerGone(f"the worker's reply is malformed: {error}") from error

    @property
    def pid(self) -> int:
        """The process id, for tests that end it."""
        return self._process.pid

    async def close(self) -> None:
        """End the worker, whatever it is doing, and remove what it left."""
        with anyio.CancelScope(shield=True):
            self._stream.close()  # the worker sees this and ends its programs, then itself
            with anyio.move_on_after(_GRACE_SECONDS):
                await self._exited()
            if self._process.poll() is None:
                self._process.kill()
                await self._exited()
            self._process.wait()
            self._errors.close()
            with contextlib.suppress(OSError):  # what another user owns stays
                remove_tree(self._base)

    async def _exited(self) -> None:
        if self._process.poll() is not None:
            return
        try:
            descriptor = os.pidfd_open(self._process.pid)
        except ProcessLookupError:
            return
        try:
            await anyio.wait_readable(descriptor)
        finally:
            os.close(descriptor)


async def start(*, highest: Level, index: int = 0, found: Protection | None = None) -> Worker:
    """Start a worker.

    Args:
        highest: The level of isolation not to go beyond.
        index: Tells the workers of one sandbox apart.
        found: What an earlier worker found; None has this one find out.

    Raises:
        SandboxUnavailable: no worker can be started here.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(
            f"untrusted programs can only be kept apart on Linux, this is {sys.platform}; "
            "Sandbox(unsafe=True) (--isolation unsafe) runs them without any protection, "
            "which is for programs that you trust"
        )
    with contextlib.ExitStack() as undo:
        try:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            undo.callback(theirs.close)
            base = tempfile.mkdtemp(prefix="bestofn-")
            undo.callback(os.rmdir, base)
            errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        except OSError as error:
            raise SandboxUnavailable(f"no worker can be started: {error}") from error
        undo.pop_all()
    config = {
        "socket": theirs.fileno(),
        "base": base,
        "level": int(highest),
        "index": index,
        "layers": None if found is None else found.layers,
        "drop_user": None if found is None else found.own_user,
    }
    try:
        process = subprocess.Popen(  # noqa: ASYNC220 - the worker dies with the thread it came from
            [*_START, _BOOT, str(INSIDE), json.dumps(config)],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            cwd="/",
        )
    except OSError as error:
        ours.close()
        errors.close()
        os.rmdir(base)
        raise SandboxUnavailable(f"{sys.executable} cannot be started: {error}") from error
    finally:
        theirs.close()
    ours.setblocking(False)
    worker = Worker(process, ours, base=base, errors=errors, index=index)
    try:
        await worker.greet()
    except BaseException:
        with contextlib.suppress(OSError):
            await worker.close()
        raise
    return worker
