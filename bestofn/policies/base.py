"""What a policy is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..run import Run
from ..types import Candidate, Problem


@runtime_checkable
class Policy(Protocol):
    """Makes candidates for one problem."""

    @property
    def name(self) -> str:
        """Short name for tables and logs."""
        ...

    async def sample(self, problem: Problem, n: int, run: Run) -> list[Candidate]:
        """Make ``n`` candidates with unique ids; fewer when the budget of the run ends.

        A candidate without code is one that failed.

        Raises:
            BackendError: no candidate can ever be made this way.
        """
        ...
