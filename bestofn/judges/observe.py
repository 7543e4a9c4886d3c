"""Running candidates on probes and writing down what each did.

Answers are made into texts that are equal for equal answers, so that grouping N candidates needs
no N x N comparisons. The rules are close to those of :mod:`bestofn.grading.compare`, but floats
are compared to nine digits and a tuple is never a list.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from ..concurrency import gather
from ..errors import InvalidInput, SandboxFault
from ..grading import preamble_for, shorten, show
from ..probes import Probe
from ..run import Run
from ..sandbox import CallJob, Execution, Job, Limits, Opaque, StdinJob
from ..types import Candidate, Problem
from .declared import Returned, declared_return

SIGNIFICANT_DIGITS = 9
"""Floats that agree to this many digits are the same answer: orders of summation differ."""

FIRST_WAVE = 6
"""Inputs that every candidate is run on before any is run on more."""

SMALL_LIMITS = Limits(seconds=2.0, total_seconds=15.0, timeouts=1)
"""A small input that takes two seconds is as good as an endless loop."""

ANSWER = "="
"""Begins the key of every answer, so that no answer looks like a failure."""

Failure = Literal["", "exception", "timeout", "memory", "output"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one candidate did on one probe.

    Attributes:
        key: Equal for equal behaviour; failures of one kind are equal to each other.
        failure: Why there is no answer, or empty.
        shown: The answer for people.
        seconds: Processor seconds.
        threads_left: Whether the program started threads that its own code did not wait for.
        misfit: Whether the answer is not of the kind that the problem declares.
    """

    key: str
    failure: Failure = ""
    shown: str = ""
    seconds: float = 0.0
    threads_left: bool = False
    misfit: bool = False


Row = tuple[Behaviour | None, ...]
"""One candidate's behaviour on each probe; None where it could not be run in time."""


def canonical_text(text: str) -> str:
    """Printed text reduced to what a comparison of outputs looks at."""
    lines = text.strip().split("\n")
    return "\n".join(" ".join(_canonical_token(token) for token in line.split()) for line in lines)


def _canonical_token(token: str) -> str:
    if token.isalpha() or token.lstrip("+-").isdigit():
        return token
    try:
        number = float(token)
    except ValueError:
        return token
    return _canonical_float(number)


def _canonical_float(number: float) -> str:
    if math.isfinite(number) and number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.{SIGNIFICANT_DIGITS}g}"


def canonical_value(value: Any) -> str:
    """A returned value reduced to what ``==`` looks at: ``True``, ``1`` and ``1.0`` are one."""
    if isinstance(value, bool | int):
        # Python refuses to write very long integers in decimal.
        return str(int(value)) if value.bit_length() <= 64 else hex(value)
    if isinstance(value, float):
        return _canonical_float(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_value, value)) + "]"
    if isinstance(value, deque):
        return "<" + ",".join(map(canonical_value, value)) + ">"
    if isinstance(value, tuple):
        return "(" + ",".join(map(canonical_value, value)) + ")"
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(map(canonical_value, value))) + "}"
    if isinstance(value, dict):
        pairs = sorted((canonical_value(k), canonical_value(v)) for k, v in value.items())
        return "{" + ",".join(f"{k}:{v}" for k, v in pairs) + "}"
    return repr(value)


def answer_key(value: Any) -> str:
    """The key of the behaviour of returning a value."""
    return ANSWER + canonical_value(value)


_FAILURES: dict[str, Failure] = {
    "exception": "exception",
    "exit": "exception",
    "crash": "exception",
    "timeout": "timeout",
    "memory": "memory",
    "output": "output",
}


def _behaviour(execution: Execution, returned: Returned | None) -> Behaviour | None:
    if execution.status == "not_run":
        return None
    failure = _FAILURES.get(execution.status, "")
    if failure:
        # Two wrong programs that raise different errors are equally useless: one kind each.
        return Behaviour(f"!{failure}", failure, execution.error or failure, execution.seconds)
    if returned is None:
        return Behaviour(
            ANSWER + canonical_text(execution.stdout),
            shown=shorten(execution.stdout, 80),
            seconds=execution.seconds,
            threads_left=execution.threads_left,
        )
    if isinstance(execution.value, Opaque):
        return Behaviour(
            "!exception", "exception", f"returned a {execution.value.type_name}", execution.seconds
        )
    return Behaviour(
        answer_key(execution.value),
        shown=shorten(show(execution.value), 80),
        seconds=execution.seconds,
        misfit=returned.contradicted_by(execution.value),
    )


def job_for(problem: Problem, candidate: Candidate, probes: Sequence[Probe]) -> Job:
    """The job that runs one program on every probe.

    Problems with an entry point are called, others read standard input.

    Raises:
        InvalidInput: functions can only be called in Python programs.
    """
    if problem.entry_point is None:
        return StdinJob(
            source=candidate.code,
            inputs=tuple(str(probe.input) for probe in probes),
            language=candidate.language,
        )
    if candidate.language != "python":
        raise InvalidInput(
            f"Candidate.language ({candidate.id})",
            f"is {candidate.language!r}, but the problem is to write {problem.entry_point!r}: "
            "functions can only be called in Python programs",
        )
    return CallJob(
        source=candidate.code,
        entry_point=problem.entry_point,
        calls=tuple(tuple(probe.input) for probe in probes),
        preamble=preamble_for(candidate.code),
    )


async def observe(
    problem: Problem,
    candidates: Sequence[Candidate],
    probes: Sequence[Probe],
    run: Run,
    limits: Limits,
) -> list[Row]:
    """Run every candidate on every probe.

    Args:
        problem: Says how programs are started.
        candidates: The programs.
        probes: The inputs, all of the problem's one kind.
        run: The selection's sandbox and deadline.
        limits: For each run; what is not run because of earlier time-outs counts as one too.

    Returns:
        A row per candidate, in order.

    Raises:
        InvalidInput: a candidate is in a language that cannot be run, or not on this problem.
        SandboxError: no program could be run; one on which the sandbox breaks has no row to show.
    """
    returned = declared_return(problem)
    limits = limits.within(run.sandbox.limits)

    async def watch(wave: Sequence[Probe], candidate: Candidate) -> Row:
        job = job_for(problem, candidate, wave)
        try:
            executions = await run.sandbox.execute(job, limits=limits)
        except SandboxFault as fault:
            faults.append(fault)
            return (None,) * len(wave)  # says nothing about the candidate; the others go on
        return tuple(_behaviour(execution, returned) for execution in executions)

    faults: list[SandboxFault] = []
    rows: list[Row] = [()] * len(candidates)
    # Everybody gets the first inputs before anybody gets the next ones: when the time runs out,
    # what is known of the candidates is known of all of them.
    for start, end in _waves(len(probes)):
        going = [row for row in range(len(candidates)) if not _timed_out(rows[row])]
        faults.clear()
        found = await gather(partial(watch, probes[start:end]), [candidates[row] for row in going])
        if faults and len(faults) == len(going):
            raise faults[0]
        seen = dict(zip(going, found, strict=True))
        rows = [row + seen.get(number, (None,) * (end - start)) for number, row in enumerate(rows)]
    if limits.timeouts is None:
        return rows
    late = Behaviour("!timeout", "timeout", "not run: too slow before")
    return [
        tuple(behaviour or late for behaviour in row) if _timed_out(row) else row for row in rows
    ]


def _timed_out(row: Row) -> bool:
    return any(behaviour and behaviour.failure == "timeout" for behaviour in row)


def _waves(count: int) -> list[tuple[int, int]]:
    """Few inputs first, then the rest."""
    first = min(FIRST_WAVE, count)
    return [wave for wave in ((0, first), (first, count)) if wave[0] < wave[1]]
