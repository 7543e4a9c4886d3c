"""Which candidates are right: running hidden tests."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..concurrency import gather
from ..errors import SandboxFault
from ..grading import grade
from ..grading.official import Rules, grade_officially
from ..sandbox import Executor, Limits
from ..types import Candidate, Problem, TestCase
from .base import Item
from .results import Grades


async def grade_candidates(
    item: Item,
    candidates: Sequence[Candidate],
    sandbox: Executor,
    *,
    limits: Limits | None = None,
    rules: Rules | None = None,
) -> Grades:
    """Verdicts for ``candidates`` from the hidden tests, recorded ones for the others.

    Equal programs are run once.

    Args:
        item: The problem with its hidden tests.
        candidates: Those to grade.
        sandbox: Where they run.
        limits: Of strict grading, for each run.
        rules: Grade as this upstream evaluator does; None grades strictly.

    Raises:
        InvalidInput: the problem's checker does not do what it should.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    started = time.monotonic()
    by_code = {candidate.code: candidate for candidate in candidates}

    async def check(candidate: Candidate) -> bool:
        if rules is not None:
            verdict = await grade_officially(
                item.problem, candidate, item.hidden_tests, sandbox, rules=rules
            )
            return verdict.passed
        return await is_right(item.problem, candidate, item.hidden_tests, sandbox, limits=limits)

    results = await gather(check, by_code.values())
    right = dict(zip(by_code, results, strict=True))
    verdicts = {**item.verdicts, **{c.id: right[c.code] for c in candidates}}
    return Grades(
        verdicts={candidate.id: verdicts[candidate.id] for candidate in item.candidates},
        graded=len(candidates),
        seconds=time.monotonic() - started,
    )


async def is_right(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase],
    sandbox: Executor,
    *,
    limits: Limits | None = None,
) -> bool:
    """Whether a candidate passes all of ``tests``.

    Tests are run a few at a time, twice as many each time, and the first failure ends it:
    most wrong programs fail early, and a slow one must not run into every time limit.

    Raises:
        InvalidInput: the problem's checker does not do what it should.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    if not candidate.code.strip():
        return False
    start, size = 0, 1
    while start < len(tests):
        outcomes = await grade(
            problem, candidate, tests[start : start + size], sandbox, limits=limits
        )
        if any(outcome.status in ("sandbox_fault", "not_run") for outcome in outcomes):
            raise SandboxFault(f"no verdict about {candidate.id!r}: {outcomes}")
        if not all(outcome.passed for outcome in outcomes):
            return False
        start, size = start + size, size * 2
    return True
