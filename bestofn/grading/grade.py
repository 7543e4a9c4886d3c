"""From what a program did to what that means: one outcome a test.

This is the strict mode: expected values stay out of the program's process, its answers are
compared in this one or, for assertion scripts, in a trusted process of their own. Only unittest
modules, which cannot be taken apart, and scripts that pass the program something without a plain
form (a function, an object) share a process with it; their outcomes say so (``tamper_evident``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import replace

from ..errors import InvalidInput
from ..sandbox import (
    CallJob,
    CheckJob,
    Execution,
    Executor,
    Job,
    Level,
    Limits,
    StdinJob,
    UnittestJob,
)
from ..types import Candidate, Outcome, OutcomeStatus, Problem, TestCase
from .checker import Ruling, rule
from .compare import same_output, same_value
from .preamble import preamble_for

SHOWN = 200
"""Characters of an answer that an outcome keeps."""


def shorten(text: str, limit: int = SHOWN) -> str:
    """``text`` on one line, cut in the middle when longer than ``limit`` characters."""
    line = re.sub(r"\s*\n\s*", " ⏎ ", text.strip())
    if len(line) <= limit:
        return line
    half = (limit - 3) // 2
    return f"{line[:half]} … {line[-half:]}"


def show(value: object) -> str:
    """A returned value as text for people."""
    try:
        return repr(value)
    except ValueError:  # Python refuses to write integers of several thousand digits
        return "a value with an integer too long to write"


async def grade(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase],
    sandbox: Executor,
    *,
    limits: Limits | None = None,
    tolerance: float = 0.0,
) -> tuple[Outcome, ...]:
    """Run one candidate on tests and compare, outside its process.

    Args:
        problem: Gives the entry point and the starter code that assertion scripts build on.
        candidate: The program.
        tests: Any mixture of kinds.
        sandbox: Where it runs.
        limits: For each run; the sandbox's own when None.
        tolerance: Difference allowed for numbers with a fraction, see
            :func:`~bestofn.grading.same_output`; the problem's own where that is larger.

    Returns:
        One outcome a test, in order.

    Raises:
        InvalidInput: the problem's checker does not do what it should, or the candidate's
            language is unknown or not for such tests.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    tolerance = max(tolerance, problem.tolerance)
    outcomes: dict[int, Outcome] = {}
    for job, indices in _jobs(problem, candidate, tests):
        executions = await sandbox.execute(job, limits=limits)
        inside = await _run_inside(job, executions, sandbox, limits)
        ran = list(zip([tests[index] for index in indices], executions, strict=True))
        rulings = await _rulings(problem, ran, sandbox)
        for index, (test, execution), ruling in zip(indices, ran, rulings, strict=True):
            outcomes[index] = _outcome(test, execution, tolerance, ruling)
        # At level unsafe a program can reach whatever its user can, the expected values included.
        marked = range(len(indices)) if sandbox.level == Level.UNSAFE else inside
        for place in marked:
            index = indices[place]
            outcomes[index] = replace(outcomes[index], tamper_evident=True)
    return tuple(outcomes[index] for index in range(len(tests)))


async def _run_inside(
    job: Job, executions: list[Execution], sandbox: Executor, limits: Limits | None
) -> list[int]:
    """Run scripts that pass what has no plain form in the program's process, each in a new one.

    Args:
        job: What was run.
        executions: What came of it; those of such scripts are replaced.
        sandbox: Where it runs.
        limits: For each run.

    Returns:
        The places of these scripts.
    """
    places = [place for place, execution in enumerate(executions) if execution.unpassable]
    if not places or not isinstance(job, CheckJob):
        return []
    checks = tuple(job.checks[place] for place in places)
    again = await sandbox.execute(replace(job, checks=checks, inside=True), limits=limits)
    for place, execution in zip(places, again, strict=True):
        executions[place] = execution
    return places


async def _rulings(
    problem: Problem, ran: Sequence[tuple[TestCase, Execution]], sandbox: Executor
) -> list[Ruling | None]:
    """What the problem's checker says where there is an answer, None where it is not asked."""
    asked = [
        bool(problem.checker.strip())
        and test.kind in ("stdin", "call")
        and execution.status == "ok"
        for test, execution in ran
    ]
    answers = [
        (test, execution.stdout if test.kind == "stdin" else execution.value)
        for (test, execution), is_asked in zip(ran, asked, strict=True)
        if is_asked
    ]
    said = iter(await rule(problem, answers, sandbox) if answers else ())
    return [next(said) if is_asked else None for is_asked in asked]


def _jobs(
    problem: Problem, candidate: Candidate, tests: Sequence[TestCase]
) -> list[tuple[Job, list[int]]]:
    """Group tests so that each program is started as seldom as its kinds allow."""
    source, language = candidate.code, candidate.language
    by_kind: dict[str, list[int]] = {}
    for index, test in enumerate(tests):
        by_kind.setdefault(test.kind, []).append(index)
    jobs: list[tuple[Job, list[int]]] = []
    for kind, indices in by_kind.items():
        inputs = [tests[index].input for index in indices]
        if kind == "stdin":
            job = StdinJob(source=source, inputs=tuple(inputs), language=language)
            jobs.append((job, indices))
        elif language != "python":
            raise InvalidInput(
                f"Candidate.language ({candidate.id})",
                f"is {language!r}, but tests[{indices[0]}] is of kind {kind!r}, which only Python "
                "programs can be run on; other languages take tests of kind 'stdin'",
            )
        elif kind == "unittest":
            jobs += [
                (UnittestJob(source=source, tests=text), [index])
                for text, index in zip(inputs, indices, strict=True)
            ]
        else:
            assert problem.entry_point is not None  # Problem checks it for both kinds
            jobs.append((_function_job(problem, source, kind, inputs), indices))
    return jobs


def _function_job(problem: Problem, source: str, kind: str, inputs: list[object]) -> Job:
    entry_point = problem.entry_point or ""
    if kind == "call":
        return CallJob(
            source=source,
            entry_point=entry_point,
            calls=tuple(inputs),  # type: ignore[arg-type]  # TestCase made them tuples
            preamble=preamble_for(source),
        )
    return CheckJob(
        source=source,
        entry_point=entry_point,
        setup=problem.starter_code if _compiles(problem.starter_code) else "",
        checks=tuple(inputs),  # type: ignore[arg-type]  # TestCase made sure they are text
    )


@functools.lru_cache(maxsize=64)  # one prompt serves many programs
def _compiles(source: str) -> bool:
    try:
        compile(source, "<starter code>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


_LIMIT_STATUS: dict[str, OutcomeStatus] = {
    "timeout": "timeout",
    "memory": "memory",
    "not_run": "not_run",
}


def _outcome(
    test: TestCase, execution: Execution, tolerance: float, ruling: Ruling | None
) -> Outcome:
    status: OutcomeStatus
    shown = execution.stdout if test.kind == "stdin" else ""
    if test.kind == "call" and execution.status == "ok":
        shown = show(execution.value)
    error = execution.error
    if execution.status in _LIMIT_STATUS:
        status = _LIMIT_STATUS[execution.status]
        error = error or f"{execution.status} limit"
    elif execution.status != "ok":
        failed_assertion = error.startswith("AssertionError") and test.kind != "stdin"
        status = "wrong" if failed_assertion and test.kind != "call" else "error"
    elif ruling is not None:
        status, error = ruling.status, ruling.reason
    elif test.kind == "stdin":
        right = same_output(test.expected, execution.stdout, tolerance=tolerance)
        status = "passed" if right else "wrong"
    elif test.kind == "call":
        right = same_value(test.expected, execution.value, tolerance=tolerance)
        status = "passed" if right else "wrong"
    else:
        status = "passed"
    return Outcome(
        status=status,
        output=shorten(shown),
        error=shorten(error),
        seconds=execution.seconds,
        tamper_evident=test.kind == "unittest",
    )
