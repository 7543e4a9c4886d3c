"""One official run in the sandbox: clocks as an evaluator has them, a report that may be forged."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import InvalidInput, SandboxFault
from ...sandbox import Execution, Executor, Limits, OfficialJob
from ...types import Candidate

_CORES = os.cpu_count() or 1


def clocks(limits: Limits, wall_seconds: float) -> Limits:
    """Limits of memory and files as given, with an evaluator's one clock for the whole program.

    Upstream only wall-clock time counts, so that threads may use several cores at a time.
    """
    return replace(
        limits,
        seconds=wall_seconds * _CORES,
        wall_seconds=wall_seconds,
        total_seconds=None,
        timeouts=None,
    )


async def run(
    sandbox: Executor, rules: str, source: str, task: Mapping[str, Any], limits: Limits
) -> tuple[Execution, dict[str, Any] | None]:
    """Run a program under rules.

    Returns:
        The execution, and the report; None where the process ended before it made one, which
        evaluators take for a time-out.

    Raises:
        SandboxFault: the program was not run, which says nothing about it.
    """
    (execution,) = await sandbox.execute(
        OfficialJob(source=source, rules=rules, task=task), limits=limits
    )
    if execution.status == "not_run":
        raise SandboxFault(f"an official run was not made: {execution.error}")
    report = execution.value
    if execution.status != "ok" or not isinstance(report, dict):
        return execution, None
    return execution, report


def is_true(report: Mapping[str, Any], name: str) -> bool:
    """A flag of a report."""
    return report.get(name) is True


def texts(report: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts in a report."""
    found = report.get(name)
    return tuple(str(text) for text in found) if isinstance(found, list) else ()


def whole(report: Mapping[str, Any], name: str) -> int:
    """A count in a report."""
    found = report.get(name)
    return found if type(found) is int else 0


def ending(execution: Execution) -> str:
    """Why there is no report, in words."""
    if execution.status == "timeout":
        return "time limit of the whole program"
    return f"ended before its verdict: {execution.error or execution.status}"


def require_python(candidate: Candidate) -> None:
    """Refuse a program in another language, which these evaluators cannot run.

    Raises:
        InvalidInput: it is in one.
    """
    if candidate.language != "python":
        raise InvalidInput(
            f"Candidate.language ({candidate.id})",
            f"is {candidate.language!r}, but this benchmark's evaluator only runs Python",
        )


def positive(value: float) -> bool:
    """Whether a number can be a time limit."""
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
