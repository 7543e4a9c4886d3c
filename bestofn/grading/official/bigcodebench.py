"""BigCodeBench's verdict (bigcode-project/bigcodebench), its slips included.

What differs here: there is no network (some of its tests want one); memory is limited as in the
sandbox (upstream: 30 GiB of addresses, a stack of 10 MiB); programs start processes only where
the sandbox lets them, and what upstream's watch over them prints is not printed; matplotlib is
not imported beforehand; what a program writes to the evaluator's shared memory before it ends its
own process is lost. Time is wall-clock time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InvalidInput
from ...sandbox import Executor, Limits
from ...types import Candidate, Problem, TestCase
from . import running, slips
from .verdict import OfficialVerdict

SECONDS = 240.0
NO_TESTS = "no test ran"
SKIPPED = "tests were skipped"
UNEXPECTED = "a test that was to fail succeeded"
EXPECTED = "a test failed as it was told to"
LEANS = "uses what only the code of the prompt defines"
_PROVIDED = frozenset({"sys", "os", "environ"})


async def grade(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase],
    sandbox: Executor,
    *,
    seconds: float = SECONDS,
    calibrated: bool = True,
    limits: Limits | None = None,
) -> OfficialVerdict:
    """What BigCodeBench's evaluator says about a program.

    Args:
        problem: ``starter_code`` is the code of the prompt.
        candidate: The solution.
        tests: The problem's one unittest module, with a class ``TestCases``.
        sandbox: Where it runs.
        seconds: Wall-clock seconds for all tests (upstream: 240, more for references that take
            longer; one more second is granted on top).
        calibrated: Put the code of the prompt and a ``pass`` before the solution, as upstream
            does unless told otherwise.
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.

    Raises:
        InvalidInput: the tests are not BigCodeBench's, or ``seconds`` is no time.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    running.require_python(candidate)
    if len(tests) != 1 or tests[0].kind != "unittest":
        raise InvalidInput("tests", "BigCodeBench has one module a problem: one 'unittest' test")
    if not running.positive(seconds):
        raise InvalidInput("seconds", f"must be a number above 0, got {seconds!r}")
    source = candidate.code
    given = problem.starter_code if calibrated else ""
    if given:
        source = f"{given}\n    pass\n{source}"
    execution, report = await running.run(
        sandbox,
        "bigcodebench",
        source,
        {"test": str(tests[0].input), "seconds": seconds + 1},
        running.clocks(limits or sandbox.limits, seconds + 2),
    )
    found = _slips_of(candidate.code, given)
    if report is None:
        return OfficialVerdict(passed=False, message=running.ending(execution), slips=tuple(found))
    passed = report.get("status") == "pass"
    loaded = "ALL" not in running.texts(report, "failed")
    noticed = [
        (slips.PATCHES_UNITTEST, running.is_true(report, "patched")),
        (slips.ALARM, running.is_true(report, "alarm_touched")),
        (slips.ALARM, passed and running.is_true(report, "alarm_rang")),
        (NO_TESTS, loaded and running.whole(report, "ran") == 0),
        (SKIPPED, running.whole(report, "skipped") > 0),
        (UNEXPECTED, running.whole(report, "unexpected") > 0),
        (EXPECTED, running.whole(report, "expected") > 0),
    ]
    found += [name for name, is_there in noticed if is_there]
    return OfficialVerdict(
        passed=passed,
        message=str(report.get("message", "")),
        slips=tuple(dict.fromkeys(found)),
    )


def _slips_of(solution: str, given: str) -> list[str]:
    found = list(slips.of_program(solution))
    if slips.reads_stdin(solution):
        found.append(slips.STDIN)
    if slips.skips(solution):
        found.append(slips.SKIPS)
    if slips.patches_unittest(solution):
        found.append(slips.PATCHES_UNITTEST)
    if slips.uses_watched(solution):
        found.append(slips.PRETENDED)
    free = slips.free_names(solution)
    if free & {"exit", "quit"}:
        found.append(slips.TAKEN_AWAY)
    if free & _PROVIDED:
        found.append(slips.PROVIDED)
    if free & (slips.top_names(f"{given}\n    pass\n") if given else frozenset()):
        found.append(LEANS)
    return found
