"""One job in the worker: its processes, and an answer for each of its runs."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from typing import Any

from . import files, frames
from .children import Child, ChildFault, Ending, watch
from .isolate import Isolation
from .limits import RunLimits
from .scripts import ScriptProcess, ScriptProcesses

SET_UP_SECONDS = 30.0
"""A process that is not ready by then never will be; nothing of a program has run yet."""
OUT_OF_TOTAL = "the job's total time is over"


class Job:
    """A program in one process, run by run. A run that kills the process costs a new one.

    Args:
        library: The wire to the library.
        isolation: What keeps programs from the machine.
        courier: Brings what programs are fed.
        scripts: Keeps the process that runs test scripts from one job to the next.
        header: The job as the library describes it.
    """

    def __init__(
        self,
        library: socket.socket,
        isolation: Isolation,
        courier: files.Courier,
        scripts: ScriptProcesses,
        header: dict[str, Any],
    ) -> None:
        self.scripts = scripts
        self.library = library
        self.isolation = isolation
        self.courier = courier
        self.kind: str = header["kind"]
        self.runs: int = header["runs"]
        self.limits = RunLimits(**header["limits"])
        self.children: list[Child] = []
        self._started = time.monotonic()
        self._program_file = files.new_file("program")
        self._timeouts = 0
        self._failed: Ending | None = None  # loading failed, and would fail again

    def run(self) -> None:
        """Answer every run of the job, in order.

        Raises:
            ChildFault: a process could not be set up.
            LibraryGone: nobody waits any more.
        """
        try:
            self.receive()
            for _ in range(self.runs):
                self._answer_one()
            self.finish()
        finally:
            self.end_children()
            self.close()

    def receive(self) -> None:
        """Take what comes before the first run."""
        self.courier.move(self._program_file, self.courier.blob_size())

    def finish(self) -> None:
        """Put aside what another job can use."""

    def close(self) -> None:
        """Let go of what the job as a whole holds."""
        os.close(self._program_file)

    @property
    def program(self) -> Child:
        """The process of the program."""
        return self.children[0]

    @property
    def reporter(self) -> Child:
        """The process that is fed, and says how a run went."""
        return self.children[-1]

    def start_children(self) -> Sequence[Child]:
        """Make the processes; returns those that are new and have to be waited for."""
        child = self.new_child("program", self.kind, self._program_file)
        self.children.append(child)
        return [child]

    def new_child(
        self, slot: str, role: str, program: int, peer: socket.socket | None = None
    ) -> Child:
        """Make one process."""
        return Child(
            self.isolation, slot=slot, role=role, program=program, limits=self.limits, peer=peer
        )

    def end_children(self) -> None:
        """Kill all processes of the job and remove what they left."""
        while self.children:
            child = self.children.pop()
            others = [other.pid for other in self.children]
            child.end(spared=[*others, *self.scripts.pids])

    def watch(self, child: Child, deadline: float) -> dict[str, Any]:
        """Wait for one process's report, with everyone's clocks running."""
        return watch(self.children, child, deadline, self.library)

    def _answer_one(self) -> None:
        size = self.courier.blob_size()
        ending = self._failed or self._not_to_be_run()
        if ending is None and not self.children:
            ending = self._load()
        if ending is not None:
            self.courier.move(None, size)
            self._reply(ending.status, ending.error)
            return
        self.reporter.empty_files()
        self.courier.move(self.reporter.input, size)
        began = time.monotonic()
        self.program.restart_clock()
        self.reporter.start()
        reuse = threads_left = unpassable = False
        try:
            report = self.watch(self.reporter, self._deadline(began))
            status, error, reuse = report["status"], report["error"], report["reuse"]
            threads_left = report.get("threads_left") is True
            unpassable = report.get("unpassable") is True
            if report.get("gone") is True:
                ending = self.program.wait_for_end(self.limits.wall_seconds)
                status, error, reuse = ending.status, ending.error, False
        except Ending as ending:
            status, error = ending.status, ending.error
            if status == "timeout" and self._cut_short(began):
                status, error = "not_run", OUT_OF_TOTAL
            self._timeouts += status == "timeout"
        if self.kind != "stdin" and status == "ok" and not reuse and self.ended_early():
            status, error = "exit", "the program ended instead of returning"
        wall = time.monotonic() - began
        seconds = self.program.used()
        output = os.dup(self.reporter.output)
        try:
            size = os.fstat(output).st_size
            if size > self.limits.output_bytes:
                status, error, reuse = "output", "printed too much", False
                size = self.limits.output_bytes
            if not reuse:
                self.end_children()
            self._reply(
                status,
                error,
                seconds=seconds,
                wall=wall,
                size=size,
                threads_left=threads_left,
                unpassable=unpassable,
            )
            self.courier.deliver(output, size)
        finally:
            os.close(output)

    def ended_early(self) -> bool:
        """Whether a process ended where it should have reported."""
        return any(child.ended for child in self.children)

    def _deadline(self, began: float) -> float:
        """When a run that began then has had its time, or its job has."""
        own, total = began + self.limits.wall_seconds, self.limits.total_seconds
        return own if total is None else min(own, self._started + total)

    def _cut_short(self, began: float) -> bool:
        """Whether it was the job's time that ended a run, not the run's own."""
        own = time.monotonic() >= began + self.limits.wall_seconds
        return not own and self.program.left() > 0 and self._not_to_be_run() is not None

    def _load(self) -> Ending | None:
        new = self.start_children()
        for child in new:
            child.start_ahead()
        for child in new:
            try:
                self.watch(child, time.monotonic() + SET_UP_SECONDS)
            except Ending as ending:
                raise ChildFault(f"a process did not come up: {ending.error}") from ending
            child.loads_now()
        deadline = self._deadline(time.monotonic())
        failed = [failure for child in new if (failure := self._loaded(child, deadline))]
        if not failed:
            return None
        self.finish()
        self.end_children()
        if failed[0].status == "timeout" and self._not_to_be_run() is not None:
            return self._not_to_be_run()
        self._failed = failed[0]
        return self._failed

    def _loaded(self, child: Child, deadline: float) -> Ending | None:
        try:
            report = self.watch(child, deadline)
        except Ending as ending:
            if ending.status == "ok":
                return Ending("exit", "the program ended while it was loaded")
            return ending
        return None if report["status"] == "ok" else Ending(report["status"], report["error"])

    def _not_to_be_run(self) -> Ending | None:
        total = self.limits.total_seconds
        if total is not None and time.monotonic() - self._started >= total:
            return Ending("not_run", OUT_OF_TOTAL)
        if self.limits.timeouts is not None and self._timeouts >= self.limits.timeouts:
            return Ending("not_run", "earlier runs timed out")
        return None

    def _reply(
        self,
        status: str,
        error: str,
        *,
        seconds: float = 0.0,
        wall: float = 0.0,
        size: int = 0,
        threads_left: bool = False,
        unpassable: bool = False,
    ) -> None:
        reply = {
            "status": status,
            "error": error,
            "seconds": seconds,
            "wall": wall,
            "size": size,
            "threads_left": threads_left,
            "unpassable": unpassable,
        }
        self.library.sendall(frames.pack(reply))


class CheckingJob(Job):
    """A program in one process and the scripts that check it in another."""

    _process: ScriptProcess | None = None

    def receive(self) -> None:
        """Take the program, and what the scripts build on."""
        super().receive()
        self._setup_file = files.new_file("setup")
        self.courier.move(self._setup_file, self.courier.blob_size())

    def finish(self) -> None:
        """Keep the process of the scripts: they are trusted, and it is as good as new."""
        if self.children and self._process is not None:
            self.children.remove(self._process.child)
            self.scripts.keep(self._process)
            self._process = None

    def close(self) -> None:
        """Let go of both files."""
        super().close()
        os.close(self._setup_file)

    def end_children(self) -> None:
        """Kill the processes, the one of the scripts too if it was not put aside."""
        super().end_children()
        if self._process is not None:
            self._process.close()
            self._process = None

    def start_children(self) -> Sequence[Child]:
        """Make the program's process and take or make the scripts', with a wire between."""
        process = self.scripts.take(self.limits)
        new = [process.child] if process.is_new else []
        ours, theirs = socket.socketpair()
        self._process = process
        try:
            program = self.new_child("program", "serve", self._program_file, theirs)
            self.children += [program, process.child]
            process.connect(ours, self._setup_file)
        finally:
            ours.close()
        return [program, *new]


def run_job(
    library: socket.socket,
    isolation: Isolation,
    courier: files.Courier,
    scripts: ScriptProcesses,
    header: dict[str, Any],
) -> None:
    """Run the job that a header from the library announces."""
    kind: type[Job] = CheckingJob if header["kind"] == "check" else Job
    if header["kind"] == "native":
        from .native_job import NativeJob  # most workers never need it

        kind = NativeJob
    kind(library, isolation, courier, scripts, header).run()
