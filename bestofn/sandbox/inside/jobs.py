"""One job in the worker: its processes, and an answer for each of its runs."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import files, frames
from .children import Child, ChildFault, Ending
from .isolate import Isolation
from .limits import RunLimits
from .replies import OUT_OF_TOTAL, Replies, Result
from .scripts import ScriptProcess, ScriptProcesses
from .spares import Spares
from .watching import watch

SET_UP_SECONDS = 30.0
"""A process that is not ready by then never will be; nothing of a program has run yet."""

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What the jobs of one worker share, one after the other.

    Attributes:
        library: The wire to the library.
        isolation: What keeps programs from the machine.
        courier: Brings what programs are fed.
        exchange: Where programs find it.
        scripts: Keeps the process that runs test scripts from one job to the next.
        spares: Keeps a process ready for the next program.
    """

    library: socket.socket
    isolation: Isolation
    courier: files.Courier
    exchange: files.Exchange
    scripts: ScriptProcesses
    spares: Spares


class Job:
    """A program in one process, run by run. A run that kills the process costs a new one.

    Args:
        shop: What it works with.
        header: The job as the library describes it.
    """

    def __init__(self, shop: Workshop, header: dict[str, Any]) -> None:
        self.shop = shop
        self.kind: str = header["kind"]
        self.groups: int = header["groups"]
        self.limits = RunLimits(**header["limits"])
        self.children: list[Child] = []
        shop.exchange.renew()
        self._replies = Replies(shop.library, shop.courier, shop.exchange.answers)
        self._started = time.monotonic()
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
            for _ in range(self.groups):
                self._answer_group()
            self.finish()
        finally:
            self.end_children()
            self.close()

    def receive(self) -> None:
        """Take what comes before the first run."""
        files.reset(self.shop.exchange.program)
        self.shop.courier.move(self.shop.exchange.program, self.shop.courier.blob_size())

    def finish(self) -> None:
        """Put aside what another job can use."""

    def close(self) -> None:
        """Let go of what the job as a whole holds."""

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
        child = self.shop.spares.take(self.limits)
        self.children.append(child)
        child.play(self.kind)
        self.shop.spares.prepare(self.limits)  # while this one is busy
        return [child]

    def end_children(self) -> None:
        """Kill all processes of the job and remove what they left."""
        while self.children:
            self.children.pop().end()

    def watch(self, child: Child, deadline: float) -> dict[str, Any]:
        """Wait for one process's report, with everyone's clocks running."""
        return watch(self.children, child, deadline, self.shop.library)

    def _answer_group(self) -> None:
        sizes = frames.receive(self.shop.library, frames.LARGE)["sizes"]
        files.reset(self.shop.exchange.inputs)
        self.shop.courier.move(self.shop.exchange.inputs, sum(sizes))
        starts = itertools.accumulate(sizes, initial=0)
        spans = list(zip(starts, sizes, strict=False))
        while spans:
            ending = self._failed or self._not_to_be_run()
            if ending is None and not self.children:
                ending = self._load()
            if ending is not None:
                self._replies.add(Result(ending.status, ending.error))
                del spans[0]
            else:
                del spans[: self._run_some(spans)]
        self._replies.flush()

    def _run_some(self, spans: Sequence[Span]) -> int:
        """Run on input after input for as long as one process can; returns how many."""
        self._replies.begin()
        room = self.limits.room
        self.reporter.start(spans, room)
        for done in range(1, len(spans) + 1):
            goes_on = self._run_one()
            if not goes_on or self._replies.held > room or done == len(spans):
                self._replies.flush(at_rest=goes_on)
                break
        return done

    def _run_one(self) -> bool:
        """Wait for the end of the run that is under way; whether the process can go on."""
        began = time.monotonic()
        self._restart_clocks()
        answer, marks, reuse = -1, (), False
        try:
            report = self.watch(self.reporter, self._deadline(began))
            status, error, reuse = report["status"], report["error"], report["reuse"]
            answer, marks = report["answer"], report["marks"]
            if "gone" in marks and self.reporter is not self.program:  # else a program says so
                ending = self.program.wait_for_end(self.limits.wall_seconds)
                status, error, reuse = ending.status, ending.error, False
        except Ending as ending:
            status, error = ending.status, ending.error
            if status == "timeout" and self._cut_short(began):
                status, error = "not_run", OUT_OF_TOTAL
            self._timeouts += status == "timeout"
        if self.kind != "stdin" and status == "ok" and not reuse and self.ended_early():
            status, error = "exit", "the program ended instead of returning"
        left = self.reporter.stdout if answer < 0 else None
        size = max(0, answer) if left is None else os.fstat(left).st_size
        if size > self.limits.output_bytes:
            status, error, reuse = "output", self.limits.printed_too_much, False
            size = self.limits.output_bytes
        seconds = round(self.program.used(), 6)
        wall = round(time.monotonic() - began, 6)
        result = Result(status, error, seconds, wall, size, tuple(marks))
        if left is None:
            self._replies.add(result)
            if not reuse:
                self.end_children()
            return reuse
        file = os.dup(left)
        try:
            if not reuse:
                self.end_children()
            self._replies.add_left(result, file)
        finally:
            os.close(file)
        return reuse

    def ended_early(self) -> bool:
        """Whether a process ended where it should have reported."""
        return any(child.ended for child in self.children)

    def _restart_clocks(self) -> None:
        for child in self.children:
            child.restart_clock()

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
            try:
                watch([child], child, time.monotonic() + SET_UP_SECONDS, self.shop.library)
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


class CheckingJob(Job):
    """A program in one process and the scripts that check it in another."""

    _process: ScriptProcess | None = None

    def receive(self) -> None:
        """Take the program, and what the scripts build on."""
        self._setup_file = files.new_file("setup")
        super().receive()
        self.shop.courier.move(self._setup_file, self.shop.courier.blob_size())

    def finish(self) -> None:
        """Keep the process of the scripts: they are trusted, and it is as good as new."""
        if self.children and self._process is not None:
            self.children.remove(self._process.child)
            self.shop.scripts.keep(self._process)
            self._process = None

    def close(self) -> None:
        """Let go of the scripts' own file."""
        os.close(self._setup_file)

    def end_children(self) -> None:
        """Kill the processes, the one of the scripts too if it was not put aside."""
        super().end_children()
        if self._process is not None:
            self._process.close()
            self._process = None

    def start_children(self) -> Sequence[Child]:
        """Make the program's process and take or make the scripts', with a wire between."""
        process = self.shop.scripts.take(self.limits)
        new = [process.child] if process.is_new else []
        ours, theirs = socket.socketpair()
        self._process = process
        try:
            program = self.shop.spares.take(self.limits)
            self.children += [program, process.child]
            program.play("serve", theirs)
            process.connect(ours, self._setup_file, self.shop.exchange)
        finally:
            ours.close()
        self.shop.spares.prepare(self.limits)
        return [program, *new]


def run_job(shop: Workshop, header: dict[str, Any]) -> None:
    """Run the job that a header from the library announces."""
    kind: type[Job] = CheckingJob if header["kind"] == "check" else Job
    if header["kind"] == "native":
        from .native_job import NativeJob  # most workers never need it

        kind = NativeJob
    kind(shop, header).run()
