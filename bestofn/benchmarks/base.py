"""What a benchmark holds: a problem, its candidates, and what only the grader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInput
from ..grading.official import Rules
from ..sandbox import Limits
from ..types import Candidate, Problem, TestCase


@dataclass(frozen=True, kw_only=True)
class Item:
    """One problem of a benchmark with the candidates to choose from.

    Hidden tests and verdicts live here and nowhere below: a selector is handed ``problem`` and
    ``candidates``, whose types cannot hold them.

    Attributes:
        problem: What the selector sees.
        hidden_tests: The tests that decide which candidates are right; may be empty when every
            verdict is recorded.
        candidates: In the order of the files they came from; ids are unique.
        verdicts: Verdicts that were recorded with the candidates, by candidate id. Candidates
            without one are graded on the hidden tests.

    Raises:
        InvalidInput: no candidates, two with one id, a verdict for an unknown candidate, or
            hidden tests of a function that the problem does not name.
    """

    problem: Problem
    candidates: tuple[Candidate, ...]
    hidden_tests: tuple[TestCase, ...] = ()
    verdicts: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"Item({self.problem.id!r})"
        if not self.candidates:
            raise InvalidInput(f"{where}.candidates", "is empty; a problem needs at least one")
        ids = {candidate.id for candidate in self.candidates}
        if len(ids) < len(self.candidates):
            raise InvalidInput(f"{where}.candidates", "two candidates have the same id")
        if unknown := sorted(set(self.verdicts) - ids):
            raise InvalidInput(f"{where}.verdicts", f"no candidate is called {unknown[0]!r}")
        if self.problem.entry_point is None:
            for index, test in enumerate(self.hidden_tests):
                if test.kind in ("call", "assertion"):
                    message = f"is needed by hidden_tests[{index}] (kind {test.kind!r})"
                    raise InvalidInput(f"{where}.problem.entry_point", message)

    @property
    def difficulty(self) -> str:
        """The group of the problem in tables; empty when unknown."""
        return self.problem.difficulty

    @property
    def ungraded(self) -> tuple[Candidate, ...]:
        """The candidates without a recorded verdict."""
        return tuple(c for c in self.candidates if c.id not in self.verdicts)


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Items with what is known about the whole set.

    Attributes:
        name: For tables and files.
        items: The problems with their candidates.
        limits: For each run of a test, hidden or public; the sandbox's own when None.
        rules: Whose evaluator decides officially; None where there is none.
        without_samples: Problems that no sample file mentions, for the report.
        arguments: What repeats the loading: files, counts, seeds.
    """

    name: str
    items: tuple[Item, ...]
    limits: Limits | None = None
    rules: Rules | None = None
    without_samples: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
