"""What a judge is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..run import Run
from ..types import Candidate, Problem, Ranking


def asks_models(judge: Judge) -> bool:
    """Whether a judge asks models: it says so itself by an attribute ``asks_models``.

    Such a judge is not bound in time by default, and many problems are worked on at once.
    """
    return bool(getattr(judge, "asks_models", False))


@runtime_checkable
class Judge(Protocol):
    """Ranks candidates for one problem."""

    @property
    def name(self) -> str:
        """Short name for tables and logs."""
        ...

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Put at least two candidates in order, best first.

        Every candidate must appear in the ranking once. What the judge cannot tell apart it
        says in ``Ranking.abstained`` instead of guessing in silence.
        """
        ...
