"""What is passed along while one problem is being decided."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .sandbox import Sandbox
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

    @property
    def over(self) -> bool:
        """Whether the moment has come."""
        return self.remaining == 0.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a judge is given besides the problem and the candidates.

    Attributes:
        sandbox: Where programs run; the judge neither opens nor closes it.
        seed: Repeats every random choice.
        deadline: When the judge should have answered.
        copies: How many of the candidates handed in each one stands for (itself included).
        public_tests: Outcomes of the public tests for each candidate id.
    """

    sandbox: Sandbox
    seed: int = 0
    deadline: Deadline = Deadline()
    copies: Mapping[str, int] = field(default_factory=dict)
    public_tests: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)

    def rng(self, *scope: str) -> random.Random:
        """A random stream of its own for each purpose, so that one never shifts another."""
        return random.Random("/".join((str(self.seed), *scope)))
