"""Progress of a benchmark: a bar on a terminal, plain lines elsewhere; always standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..benchmarks import ProblemResult
from ..events import CallFinished, Event
from .output import stderr

_LINES = 10  # of plain progress in a whole run


class Reporter:
    """Shows how far a run has come; pass :meth:`problem_done` as ``on_problem``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._console = stderr()
        self._started = time.monotonic()
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            if self._console.is_terminal
            else None
        )
        self._task = self._bar.add_task(name, total=None) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def problem_done(self, done: int, total: int, result: ProblemResult) -> None:
        """Note one finished problem."""
        if result.fault is not None:
            self._console.print(f"{result.id}: left out, the sandbox failed: {result.fault}")
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif done == total or done * _LINES // total > (done - 1) * _LINES // total:
            seconds = time.monotonic() - self._started
            self._console.print(f"{self._name}: {done}/{total} problems, {seconds:.0f} s")


class CallCounter:
    """Shows how many replies have come, and settings that a server does not take.

    Pass :meth:`heard` as ``on_event``. Not ``live``: only at the end, where something else
    shows progress meanwhile.
    """

    def __init__(self, *, live: bool = True) -> None:
        self._console = stderr()
        live = live and self._console.is_terminal
        self._asked = self._recorded = 0
        self._ignored: dict[str, set[str]] = {}
        self._status = self._console.status("") if live else None
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None and self._shown:
            self._status.stop()
        if self._asked or self._recorded:
            self._console.print(self._line())
        for name, settings in self._ignored.items():
            self._console.print(f"{name} does not take: {', '.join(sorted(settings))}")

    def heard(self, event: Event) -> None:
        """Count the replies of a finished call."""
        if not isinstance(event, CallFinished):
            return
        if ignored := {setting for reply in event.replies for setting in reply.ignored}:
            self._ignored.setdefault(event.backend, set()).update(ignored)
        if event.recorded:
            self._recorded += len(event.replies)
        else:
            self._asked += len(event.replies)
        if self._status is not None:
            self._status.update(self._line())
            if not self._shown:
                self._status.start()
                self._shown = True

    def _line(self) -> str:
        recorded = f", {self._recorded} from the journal" if self._recorded else ""
        return f"{self._asked} replies from models{recorded}"
