"""Official grading by the name of its rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from ...errors import InvalidInput
from ...sandbox import Executor, Limits
from ...types import Candidate, Problem, TestCase
from . import bigcodebench, evalplus, humaneval, livecodebench
from .verdict import OfficialVerdict, Rules

_GRADERS: dict[str, Callable[..., Awaitable[OfficialVerdict]]] = {
    "livecodebench": livecodebench.grade,
    "humaneval": humaneval.grade,
    "bigcodebench": bigcodebench.grade,
}


async def grade_officially(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase] | evalplus.EvalPlusTests,
    sandbox: Executor,
    *,
    rules: Rules,
    limits: Limits | None = None,
) -> OfficialVerdict:
    """What an upstream evaluator says about a program, with its own clocks.

    Args:
        problem: What the rules need of it is said by their modules.
        candidate: The program.
        tests: EvalPlus has a form of its own.
        sandbox: Where it runs.
        rules: Whose.
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.

    Raises:
        InvalidInput: the tests are not of the kind that the rules are for.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    if isinstance(tests, evalplus.EvalPlusTests):
        if rules != "evalplus":
            raise InvalidInput("tests", f"are EvalPlus' own, and the rules are {rules}'s")
        return await evalplus.grade(problem, candidate, tests, sandbox, limits=limits)
    if rules == "evalplus":
        raise InvalidInput("tests", "must be EvalPlusTests: its rules have two lists of inputs")
    grade = _GRADERS.get(rules)
    if grade is None:
        raise InvalidInput("rules", f"must be evalplus or one of {', '.join(_GRADERS)}")
    return await grade(problem, candidate, tests, sandbox, limits=limits)
