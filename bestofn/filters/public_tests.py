"""Keep the candidates that pass the public tests; if none does, those that pass most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..concurrency import gather
from ..errors import SandboxFault
from ..grading import grade
from ..sandbox import Executor, Limits
from ..types import Candidate, Outcome, Problem, Rejection

FLOAT_TOLERANCE = 1e-6
"""A public test may only drop what is surely wrong; most judges accept this difference."""

SHORT_SECONDS = 2.0
"""Processor seconds a test in the first round."""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """Candidates after the public tests.

    Attributes:
        kept: Those that passed the most tests, in the order they came.
        rejected: The others.
        outcomes: For every candidate, its outcome on each public test.
    """

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
    outcomes: dict[str, tuple[Outcome, ...]]


async def run_public_tests(
    problem: Problem,
    candidates: Sequence[Candidate],
    sandbox: Executor,
    *,
    limits: Limits | None = None,
) -> Tested:
    """Run every candidate on ``problem.public_tests`` and keep the best.

    A candidate that needs longer than :data:`SHORT_SECONDS` for a test is given the whole limit
    only when no other passes them all.

    A sandbox that breaks on one candidate's tests, and again when they are repeated, says
    nothing about it: its outcomes are ``sandbox_fault``, and the others go on.

    Raises:
        InvalidInput: the problem's checker does not do what it should.
        SandboxError: the sandbox runs nothing at all, or broke on every candidate.
    """
    faults: list[SandboxFault] = []

    async def test(limits: Limits, candidate: Candidate) -> tuple[Outcome, ...]:
        try:
            return await grade(
                problem,
                candidate,
                problem.public_tests,
                sandbox,
                limits=limits,
                tolerance=FLOAT_TOLERANCE,
            )
        except SandboxFault as error:
            faults.append(error)
            return (Outcome(status="sandbox_fault", error=str(error)),) * len(problem.public_tests)

    # One time-out is enough to know, and endless loops must not eat up everybody's time: all
    # get a short limit first, and who exceeds it gets the whole one if nobody has passed.
    whole = replace(limits or sandbox.limits, timeouts=1)
    short = replace(whole, seconds=min(SHORT_SECONDS, whole.seconds))
    results = await gather(partial(test, short), candidates)
    outcomes = {c.id: result for c, result in zip(candidates, results, strict=True)}
    if faults and len(faults) == len(candidates):
        raise faults[0]
    slow = [c for c in candidates if any(o.status == "timeout" for o in outcomes[c.id])]
    if slow and short != whole and not any(_passed(result) for result in results):
        again = await gather(partial(test, whole), slow)
        for candidate, result in zip(slow, again, strict=True):
            if result[0].status not in ("not_run", "sandbox_fault"):
                outcomes[candidate.id] = result
    worth = {candidate.id: _worth(outcomes[candidate.id]) for candidate in candidates}
    most = max(worth.values())
    kept = tuple(candidate for candidate in candidates if worth[candidate.id] == most)
    return Tested(
        kept=kept,
        rejected=tuple(
            Rejection(
                id=c.id,
                by="public_tests",
                reason=_reason(outcomes[c.id], most),
            )
            for c in candidates
            if c not in kept
        ),
        outcomes=outcomes,
    )


def _passed(outcomes: tuple[Outcome, ...]) -> bool:
    return all(outcome.passed for outcome in outcomes)


def _worth(outcomes: tuple[Outcome, ...]) -> float:
    """Tests passed; one that could not be run, for no fault of the candidate's, counts half."""
    if any(outcome.status == "timeout" for outcome in outcomes):
        return sum(outcome.passed for outcome in outcomes)
    return sum(_WORTH.get(outcome.status, 0.0) for outcome in outcomes)


_WORTH = {"passed": 1.0, "not_run": 0.5, "sandbox_fault": 0.5}


def _reason(outcomes: tuple[Outcome, ...], most: float) -> str:
    passed = sum(outcome.passed for outcome in outcomes)
    if outcomes[0].status == "not_run":
        return "could not be run on the public tests in time, while others passed"
    if outcomes[0].status == "sandbox_fault":
        return f"the sandbox broke on its public tests, while others passed: {outcomes[0].error}"
    reason = f"passes {passed} of {len(outcomes)} public tests"
    if most < len(outcomes):
        reason += f" (the best pass {most:g})"
    for number, outcome in enumerate(outcomes, start=1):
        if not outcome.passed:
            what = outcome.error or outcome.output or "no output"
            return f"{reason}; test {number}: {outcome.status}, {what}"
    return reason
