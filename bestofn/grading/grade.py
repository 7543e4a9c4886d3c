"""From what a program did to what that means: one outcome a test.

This is the strict mode: expected values stay in this process, the program's answers are
compared here. Only unittest modules, which cannot be taken apart, share a process with the
program; their outcomes say so (``tamper_evident``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from ..sandbox import (
    CallJob,
    CheckJob,
    Execution,
    Executor,
    Job,
    Limits,
    StdinJob,
    UnittestJob,
)
from ..types import Candidate, Outcome, OutcomeStatus, Problem, TestCase
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
            :func:`~bestofn.grading.same_output`.

    Returns:
        One outcome a test, in order.

    Raises:
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    outcomes: dict[int, Outcome] = {}
    for job, indices in _jobs(problem, candidate.code, tests):
        executions = await sandbox.execute(job, limits=limits)
        for index, execution in zip(indices, executions, strict=True):
            outcomes[index] = _outcome(tests[index], execution, tolerance)
    return tuple(outcomes[index] for index in range(len(tests)))


def _jobs(problem: Problem, source: str, tests: Sequence[TestCase]) -> list[tuple[Job, list[int]]]:
    """Group tests so that each program is started as seldom as its kinds allow."""
    by_kind: dict[str, list[int]] = {}
    for index, test in enumerate(tests):
        by_kind.setdefault(test.kind, []).append(index)
    jobs: list[tuple[Job, list[int]]] = []
    for kind, indices in by_kind.items():
        inputs = [tests[index].input for index in indices]
        if kind == "stdin":
            jobs.append((StdinJob(source=source, inputs=tuple(inputs)), indices))
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


def _outcome(test: TestCase, execution: Execution, tolerance: float) -> Outcome:
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
