"""HumanEval's verdict (openai/human-eval), its slips included.

What differs here: memory is limited (upstream it is not), there is no network, processes can
only be started where the sandbox lets them, and what a program prints to descriptor 2 itself
counts against the sandbox's limit. Time is wall-clock time, as upstream: an alarm rings inside
the program after 3 s, where it can be caught, and one more second ends the process.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InvalidInput
from ...sandbox import Executor, Limits
from ...types import Candidate, Problem, TestCase
from . import running, slips
from .verdict import OfficialVerdict

SECONDS = 3.0


async def grade(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase],
    sandbox: Executor,
    *,
    seconds: float = SECONDS,
    limits: Limits | None = None,
) -> OfficialVerdict:
    """What HumanEval's evaluator says about a program.

    Args:
        problem: ``starter_code`` is the prompt. A candidate that does not begin with it is taken
            for a completion, which upstream puts behind the prompt whatever it is.
        candidate: The program.
        tests: The problem's one script, which defines ``check``.
        sandbox: Where it runs.
        seconds: Wall-clock seconds until the alarm (upstream: 3).
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.

    Raises:
        InvalidInput: the problem or the tests are not HumanEval's.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    running.require_python(candidate)
    if problem.entry_point is None:
        raise InvalidInput("Problem.entry_point", "is needed: HumanEval's tests call it")
    if len(tests) != 1 or tests[0].kind != "assertion":
        raise InvalidInput("tests", "HumanEval has one script a problem: one 'assertion' test")
    if not running.positive(seconds):
        raise InvalidInput("seconds", f"must be a number above 0, got {seconds!r}")
    prompt, test = problem.starter_code, str(tests[0].input)
    program = candidate.code
    if not program.startswith(prompt):
        program = prompt + program
    execution, report = await running.run(
        sandbox,
        "humaneval",
        program,
        {"test": test, "entry_point": problem.entry_point, "seconds": float(seconds)},
        running.clocks(limits or sandbox.limits, seconds + 1),
    )
    found = list(slips.of_program(program))
    if slips.reads_stdin(program):
        found.append(slips.STDIN)
    if program is not candidate.code and slips.imports_from_future(candidate.code):
        found.append(slips.FUTURE)
    if slips.shadowed(program, test, prompt=prompt, entry_point=problem.entry_point):
        found.append(slips.SHADOWS)
    if slips.uses_taken_away(program, open_too=False):
        found.append(slips.TAKEN_AWAY)
    if report is None:
        return OfficialVerdict(passed=False, message=running.ending(execution), slips=tuple(found))
    passed = running.is_true(report, "passed")
    rang_in_vain = passed and running.is_true(report, "alarm_rang")
    if (rang_in_vain or running.is_true(report, "alarm_touched")) and slips.ALARM not in found:
        found.append(slips.ALARM)
    message = str(report.get("message", ""))
    if running.is_true(report, "timed_out"):
        message = f"time limit of {seconds:g} s"
    return OfficialVerdict(passed=passed, message=message, slips=tuple(found))
