"""Asking a problem's own checker which answers are right, where several may be.

The checker is the caller's program, but what it reads was written by candidates: it runs in the
sandbox too, in a process of its own and after theirs, so that no candidate is ever near an
expected value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..errors import InvalidInput
from ..sandbox import CallJob, Execution, Executor, Limits
from ..sandbox.inside.values import encode, holds_opaque
from ..types import Problem, TestCase

CHECKER_SECONDS = 10.0
"""Processor seconds that a checker has for an answer, or what programs have if that is more."""

_FIELD = "Problem.checker"
_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What a checker says about one answer.

    Attributes:
        status: ``not_run`` when the time was over before it was asked.
        reason: Why an answer is wrong, where the checker says so.
    """

    status: Literal["passed", "wrong", "not_run"]
    reason: str = ""


async def rule(
    problem: Problem, answers: Sequence[tuple[TestCase, Any]], sandbox: Executor
) -> list[Ruling]:
    """What ``problem.checker`` says about answers to tests of kind ``stdin`` or ``call``.

    Args:
        problem: Has a checker.
        answers: Each test with the text printed or the value returned for it.
        sandbox: Where the checker runs.

    Returns:
        A ruling for each answer, in order. A value that has no plain form cannot be handed to
        the checker and is wrong.

    Raises:
        InvalidInput: the checker, or a test that it would be given, cannot be used; no candidate
            is to blame for that.
        SandboxError: the sandbox is at fault.
    """
    calls = [(test.input, test.expected, answer) for test, answer in answers]
    plain = [not holds_opaque(encode(list(call))) for call in calls]
    for (test, _), is_plain in zip(answers, plain, strict=True):
        if not is_plain and holds_opaque(encode([test.input, test.expected, None])):
            raise InvalidInput("TestCase.expected", "is not a plain value, as a checker needs it")
    asked = tuple(call for call, is_plain in zip(calls, plain, strict=True) if is_plain)
    job = CallJob(source=problem.checker, entry_point="check", calls=asked)
    said = iter(await sandbox.execute(job, limits=_limits(sandbox.limits)))
    return [
        _ruling(next(said), call)
        if is_plain
        else Ruling(status="wrong", reason="the value has no plain form")
        for call, is_plain in zip(calls, plain, strict=True)
    ]


def _limits(programs: Limits) -> Limits:
    return replace(
        programs,
        seconds=max(programs.seconds, CHECKER_SECONDS),
        wall_seconds=None,
        total_seconds=None,
        timeouts=None,
    )


def _ruling(execution: Execution, call: tuple[Any, ...]) -> Ruling:
    if execution.status == "not_run":
        return Ruling(status="not_run")
    if execution.status != "ok":
        what = f"failed ({execution.error or execution.status})"
        raise InvalidInput(_FIELD, f"{what} on {_shown(call)}; {_ADVICE}")
    said = execution.value
    if said is True:
        return Ruling(status="passed")
    if said is False:
        return Ruling(status="wrong")
    if isinstance(said, str) and said.strip():
        return Ruling(status="wrong", reason=said)
    raise InvalidInput(_FIELD, f"returned {_text(said)} on {_shown(call)}; {_ADVICE}")


_ADVICE = (
    "check(input, expected, output) must return True, or False, or a text that says why the "
    "answer is wrong, whatever the output is"
)


def _shown(call: tuple[Any, ...]) -> str:
    names = ("input", "expected", "output")
    return ", ".join(f"{name} {_text(part)}" for name, part in zip(names, call, strict=True))


def _text(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of several thousand digits
        return "a value with an integer too long to write"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
