"""What is passed along while one problem is being decided."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .calls import Calls
from .sandbox import Execution, Executor, Job, Level, Limits
from .types import Outcome


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock after which no new work is started."""

    at: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """The moment ``seconds`` from now; None never comes."""
        return cls(None if seconds is None else time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative; infinite without a deadline."""
        return float("inf") if self.at is None else max(0.0, self.at - time.monotonic())

    def part(self, share: float) -> Deadline:
        """The moment when that share of the time that is left will have passed."""
        return Deadline.after(None if self.at is None else share * self.remaining)

    @property
    def over(self) -> bool:
        """Whether the moment has come."""
        return self.remaining == 0.0


class BoundedExecutor:
    """A sandbox as one selection sees it: it counts runs and keeps the selection's deadline.

    Jobs that wait for a worker past the deadline come back as ``not_run``.
    """

    def __init__(self, sandbox: Executor, deadline: Deadline) -> None:
        self._sandbox = sandbox
        self._deadline = deadline
        self.runs = 0
        """How many times a program was started on an input."""
        self.ran_out = False
        """Whether the deadline kept something from being run."""

    @property
    def level(self) -> Level | None:
        """The isolation that is really active; None before the first job."""
        return self._sandbox.level

    @property
    def workers(self) -> int:
        """How many jobs run side by side."""
        return self._sandbox.workers

    @property
    def limits(self) -> Limits:
        """The limits of a job that names none."""
        return self._sandbox.limits

    async def execute(
        self, job: Job, *, limits: Limits | None = None, until: float | None = None
    ) -> list[Execution]:
        """Run a job within what is left of the selection's time."""
        moments = [moment for moment in (until, self._deadline.at) if moment is not None]
        executions = await self._sandbox.execute(
            job, limits=limits, until=min(moments, default=None)
        )
        skipped = sum(execution.status == "not_run" for execution in executions)
        self.runs += len(executions) - skipped
        self.ran_out = self.ran_out or (skipped > 0 and self._deadline.over)
        return executions


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a judge is given besides the problem and the candidates.

    Attributes:
        sandbox: Where programs run; the judge neither opens nor closes it.
        calls: Through which models are asked; a judge that asks none leaves it alone.
        seed: Repeats every random choice.
        deadline: When the judge should have answered.
        copies: How many of the candidates handed in each one stands for (itself included).
        public_tests: Outcomes of the public tests for each candidate id.
    """

    sandbox: Executor
    calls: Calls = field(default_factory=Calls)
    seed: int = 0
    deadline: Deadline = Deadline()
    copies: Mapping[str, int] = field(default_factory=dict)
    public_tests: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)

    def rng(self, *scope: str) -> random.Random:
        """A random stream of its own for each purpose, so that one never shifts another."""
        return random.Random("/".join((str(self.seed), *scope)))
