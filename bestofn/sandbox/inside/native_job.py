"""A job whose program is an executable file: compiled once, executed anew for each input."""

from __future__ import annotations

import fcntl
import io
import os
import re
import time
from collections.abc import Sequence
from typing import Any

from . import files
from .children import Child, ChildFault, Ending
from .jobs import SET_UP_SECONDS, Job
from .limits import RunLimits

_MFD_EXEC = 0x10  # of newer kernels, some of which want to be told
_FILE_BYTES = 64 << 20  # all of a private place
_STDERR_BYTES = 4000
_SHOWN = 500
_ERROR = re.compile(r"^(?:Uncaught )?[\w.]*(?:Error|Exception)\b.*", re.MULTILINE)


class NativeJob(Job):
    """Compile if there is something to compile; then one process for each run.

    Args:
        arguments: As for every job; the header has ``runtime`` besides.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._runtime: dict[str, Any] = arguments[-1]["runtime"]
        self.kind = "stdin"  # in everything but how it is started
        space = self.limits.memory_bytes + self._runtime["reserved_bytes"]
        self._bounds = self.limits._replace(memory_bytes=space)
        self._executable: int | None = None

    def run(self) -> None:
        """Answer every run, under what executing a file needs."""
        self.shop.isolation.purpose = "program"
        try:
            super().run()
        finally:
            self.shop.isolation.purpose = "python"

    def close(self) -> None:
        """Let go of the compiled program, too."""
        super().close()
        if self._executable is not None:
            os.close(self._executable)

    def start_children(self) -> Sequence[Child]:
        """Make the process that becomes the program."""
        executable = None
        if self._executable is not None:
            executable = io.FileIO(os.dup(self._executable))
        child = self._new_child(self._bounds)
        child.play("native", executable)
        return [child]

    def _new_child(self, limits: RunLimits) -> Child:
        shop = self.shop
        child = Child(shop.isolation, slot="program", limits=limits, exchange=shop.exchange)
        self.children.append(child)
        return child

    def watch(self, child: Child, deadline: float) -> dict[str, Any]:
        """Wait for a report, or for the program's end, and say what it died of."""
        try:
            report = super().watch(child, deadline)
        except Ending as ending:
            raise self._explained(child, ending) from None
        if report["status"] == "crash":  # nothing of the program has run
            raise ChildFault(report["error"])
        return report

    def _explained(self, child: Child, ending: Ending) -> Ending:
        if ending.status not in ("crash", "exit"):
            return ending
        said = files.read_tail(child.errors, _STDERR_BYTES).strip()
        for line in said.splitlines():
            if any(sign in line for sign in self._runtime["memory_signs"]):
                return Ending("memory", line.strip()[:_SHOWN])
        what = ending.error.partition(":")[0]  # the exit status, or the signal
        errors = _ERROR.findall(said)
        said = errors[-1] if errors else said[-_SHOWN:]
        return Ending(ending.status, f"{what}: {said[:_SHOWN]}" if said else what)

    def _load(self) -> Ending | None:
        if self._runtime["compiled"] and self._executable is None:
            self._failed = self._compile()
            if self._failed is not None:
                return self._failed
        return super()._load()

    def _compile(self) -> Ending | None:
        self.shop.isolation.purpose = "compiler"
        try:
            files.reset(self.shop.exchange.answers)
            child = self._new_child(self._compile_limits())
            child.play("compile")
            self._ready(child)
            return self._compiled(child)
        finally:
            self.end_children()
            self.shop.isolation.purpose = "program"

    def _ready(self, child: Child) -> None:
        try:
            self.watch(child, time.monotonic() + SET_UP_SECONDS)
        except Ending as ending:
            raise ChildFault(f"a process did not come up: {ending.error}") from ending
        child.loads_now()

    def _compiled(self, child: Child) -> Ending | None:
        seconds = self._runtime["compile_seconds"]
        deadline = time.monotonic() + seconds
        if self.limits.total_seconds is not None:
            deadline = min(deadline, self._started + self.limits.total_seconds)
        try:
            report = self.watch(child, deadline)
        except Ending as ending:
            if ending.status == "timeout":
                over = Ending("exception", f"CompileError: not compiled within {seconds:g} seconds")
                return self._not_to_be_run() or over
            return Ending("exception", f"CompileError: the compiler died: {ending.error}")
        if report["status"] != "ok":
            return Ending(report["status"], report["error"])
        self._executable = _copy(self.shop.exchange.answers)
        return None

    def _compile_limits(self) -> RunLimits:
        seconds = self._runtime["compile_seconds"]
        return RunLimits(
            seconds=seconds,
            wall_seconds=seconds,
            total_seconds=None,
            timeouts=None,
            memory_bytes=2 << 30,
            output_bytes=_FILE_BYTES,
            file_bytes=_FILE_BYTES,
            open_files=256,
            threads=64,
        )


def _copy(source: int) -> int:
    """A file without a name that holds the same and can be executed.

    It lies outside of every place that programs can write to, or find.
    """
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        copy = os.memfd_create("executable", flags | _MFD_EXEC)
    except OSError:  # a kernel that does not know the flag does not need it
        copy = os.memfd_create("executable", flags)
    size, sent = os.fstat(source).st_size, 0
    while sent < size:
        sent += os.sendfile(copy, source, sent, size - sent)
    fcntl.fcntl(
        copy, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
    )
    return copy
