"""The sandbox: workers, started when first needed, each serving one job at a time."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from types import TracebackType

import anyio

from ..errors import InvalidInput, SandboxFault, SandboxUnavailable
from .protection import Protection
from .types import CheckJob, Execution, Job, Level, Limits
from .unsafe import UnsafeWorker
from .wire import WireJob, prepare
from .worker import Worker, WorkerGone, start


class Sandbox:
    """Runs untrusted programs in worker processes, apart from the machine as far as it lets us.

    Use as ``async with Sandbox() as sandbox``. Making one starts nothing; workers come up when
    programs are first run. One sandbox serves any number of concurrent callers of one event
    loop, first come first served.

    Args:
        workers: Worker processes, and so programs at a time; None is one for each core.
        limits: What each run may use unless :meth:`execute` is told otherwise.
        require: Refuse to run anything at a lower level of isolation than this (a
            :class:`Level`, or its name).
        unsafe: Run programs without any isolation, at level ``unsafe``: the only way on systems
            other than Linux, and only for programs that you trust. Never chosen by itself.

    Raises:
        InvalidInput: ``workers`` is less than 1, ``require`` is no level, or both ``require``
            and ``unsafe`` are given.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        require: Level | str | None = None,
        unsafe: bool = False,
        _level: Level = Level.FULL,
    ) -> None:
        if workers is not None and not (type(workers) is int and workers >= 1):
            raise InvalidInput("Sandbox.workers", f"must be at least 1, got {workers!r}")
        if not isinstance(limits, Limits):
            raise InvalidInput("Sandbox.limits", f"must be Limits, got {type(limits).__name__}")
        if require is not None and not isinstance(require, Level):
            require = Level.named(require, field="Sandbox.require")
        if unsafe and require:
            raise InvalidInput("Sandbox.unsafe", f"cannot go with require={str(require)!r}")
        self._workers = workers or _cores()
        self._limits = limits
        self._require = require
        self._highest = Level.UNSAFE if unsafe else _level
        self._idle: list[Worker | UnsafeWorker] = []
        self._slots = anyio.Semaphore(self._workers)
        self._starting = anyio.Lock()
        self._found: Protection | None = None
        self._free_indexes = set(range(self._workers))
        self._runs = 0
        self._entered = False
        self._closed = False

    @classmethod
    def at(
        cls,
        level: str | None,
        *,
        workers: int | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> Sandbox:
        """A sandbox by the name of its lowest level, ``unsafe`` included; None asks for none.

        Raises:
            InvalidInput: there is no such level.
        """
        wanted = None if level is None else Level.named(level)
        if wanted == Level.UNSAFE:
            return cls(workers=workers, limits=limits, unsafe=True)
        return cls(workers=workers, limits=limits, require=wanted)

    @property
    def level(self) -> Level | None:
        """The isolation that is really active; None until something was run."""
        return None if self._found is None else self._found.level

    @property
    def workers(self) -> int:
        """How many jobs run side by side."""
        return self._workers

    @property
    def limits(self) -> Limits:
        """The limits of a job that names none."""
        return self._limits

    @property
    def is_open(self) -> bool:
        """Whether it is in use in some event loop: entered, and not closed yet."""
        return self._entered and not self._closed

    @property
    def protection(self) -> Protection | None:
        """What the level is made of, and what it means; None until something was run."""
        return self._found

    @property
    def missing(self) -> tuple[str, ...]:
        """Why the level is not higher, in words; empty at the highest."""
        return () if self._found is None else self._found.missing

    @property
    def runs(self) -> int:
        """How many times a program was started on an input."""
        return self._runs

    async def __aenter__(self) -> Sandbox:
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all idle workers; those at work end with their job."""
        self._closed = True
        while self._idle:
            await self._end(self._idle.pop())

    async def execute(
        self, job: Job, *, limits: Limits | None = None, until: float | None = None
    ) -> list[Execution]:
        """Run a job and say what each of its runs did.

        Cancelling the caller kills what it runs; nothing stays behind.

        Args:
            job: What to run.
            limits: Instead of the sandbox's own.
            until: A moment on the monotonic clock, however long the job waits for a worker:
                what has not ended by then comes back as ``not_run``.

        Returns:
            One execution for each input, call or check in order; one for a unittest module.

        Raises:
            InvalidInput: the job's fields are wrong.
            SandboxUnavailable: programs cannot be run here, or not at the level required.
            SandboxFault: the sandbox broke twice on this job; says nothing about the program.
        """
        limits = limits or self._limits
        if not isinstance(limits, Limits):
            raise InvalidInput("limits", f"must be Limits, got {type(limits).__name__}")
        if self._highest == Level.UNSAFE and isinstance(job, CheckJob):
            job = replace(job, inside=True)  # there is no wire between processes
        wire = prepare(job, limits)
        runs = sum(len(group.runs) for group in wire.groups)
        if not runs:
            return []
        async with self._slots:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    return [Execution(status="not_run", error="out of time")] * runs
                if limits.total_seconds is None or left < limits.total_seconds:
                    wire = prepare(job, replace(limits, total_seconds=left))
            try:
                return await self._attempt(wire, self._idle.pop() if self._idle else None)
            except WorkerGone:
                try:  # in a new one: those that are idle may have died too
                    return await self._attempt(wire, None)
                except WorkerGone as error:
                    raise SandboxFault(f"the sandbox broke twice on one job: {error}") from error

    async def _attempt(
        self, wire: WireJob, worker: Worker | UnsafeWorker | None
    ) -> list[Execution]:
        if self._closed:
            raise SandboxUnavailable("this sandbox is closed; open a new one")
        worker = worker or await self._start()
        healthy = False
        try:
            results = await worker.run(wire, self._count)
            healthy = not self._closed
            return results
        finally:
            if healthy:
                self._idle.append(worker)
            else:
                await self._end(worker)

    def _count(self) -> None:
        self._runs += 1

    async def _start(self) -> Worker | UnsafeWorker:
        worker: Worker | UnsafeWorker
        async with self._starting:
            index = min(self._free_indexes)
            try:
                if self._highest == Level.UNSAFE:
                    worker = UnsafeWorker(index)
                else:
                    worker = await start(highest=self._highest, index=index, found=self._found)
            except SandboxUnavailable as error:
                if self._found is None:
                    raise
                raise WorkerGone(str(error)) from error  # it can start here, and did before
            self._free_indexes.discard(index)
        if self._require is not None and worker.found.level < self._require:
            reasons = "; ".join(worker.found.missing) or "nothing higher was allowed"
            await self._end(worker)
            raise SandboxUnavailable(
                f"isolation level {self._require} is required, but only {worker.found.level} "
                f"works here: {reasons}"
            )
        self._found = worker.found if self._found is None else self._found
        return worker

    async def _end(self, worker: Worker | UnsafeWorker) -> None:
        try:
            await worker.close()
        finally:
            self._free_indexes.add(worker.index)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


async def probe() -> Protection:
    """What really works here to keep programs from the machine.

    Starts a worker and ends it again.

    Raises:
        SandboxUnavailable: programs cannot be run here at all.
    """
    worker = await start(highest=Level.FULL)
    await worker.close()
    return worker.found
