"""LiveCodeBench's verdict, its slips included.

What differs here: upstream limits no memory, here a program gets 4 GiB of address space (more if
the sandbox's own limits say so); the first thread's stack is 8 MiB, Linux' usual limit, whatever
the machine's; there is no network; packages are those of this Python. Time is wall-clock time, as
upstream: an alarm rings inside the program, which can cancel or catch it, and 7 s a test and 5 s
more end the process from outside.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from ...errors import InvalidInput
from ...sandbox import Executor, Limits
from ...sandbox.inside.official import lcb_slips
from ...types import Candidate, Problem, TestCase
from . import running, slips
from .verdict import OfficialVerdict

Revision = Literal["2025-01", "2025-05"]
SECONDS = 6.0
_LEAST_MEMORY = 4 << 30
_NO_VERDICT = -5
_CODES = (None, -2, -3, -4, -5)
_LOOKS_AROUND = re.compile(
    r"__eq__|frame|f_back|\binspect\b|get_objects|get_refer|set(?:trace|pro)"
)


async def grade(
    problem: Problem,
    candidate: Candidate,
    tests: Sequence[TestCase],
    sandbox: Executor,
    *,
    seconds: float = SECONDS,
    limits: Limits | None = None,
    revision: Revision = "2025-05",
) -> OfficialVerdict:
    """What LiveCodeBench's evaluator says about a program.

    All tests run in one process, in order; the first that fails is the last. A program whose
    process ends, or is ended, has no verdict of its own upstream: it is listed as one wrong answer
    with code -5 (the -1 that its source means for this is never seen).

    Args:
        problem: Its entry point is called where the tests are calls.
        candidate: The program.
        tests: All of kind ``stdin``, or all of kind ``call``. None at all are passed, as upstream.
        sandbox: Where it runs.
        seconds: Wall-clock seconds for loading and for each test, rounded up to whole ones
            (upstream: 6).
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.
        revision: Of the evaluator. ``2025-05`` has the mock in place of standard input that most
            slips come from; ``2025-01``, which many published files were graded with, has a
            ``StringIO``, which can be iterated and goes on where reading stopped but has no
            ``buffer``. Nothing else differs.

    Raises:
        InvalidInput: the tests are not LiveCodeBench's.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    if not running.positive(seconds):
        raise InvalidInput("seconds", f"must be a number above 0, got {seconds!r}")
    alarm = math.ceil(seconds)
    limits = running.clocks(limits or sandbox.limits, (alarm + 1) * len(tests) + 5)
    limits = replace(limits, memory_bytes=max(limits.memory_bytes, _LEAST_MEMORY))
    if revision not in get_args(Revision):
        raise InvalidInput("revision", f"must be one of {', '.join(get_args(Revision))}")
    task = {**_task(problem, tests), "seconds": alarm, "mocked": revision == "2025-05"}
    execution, report = await running.run(sandbox, "livecodebench", candidate.code, task, limits)
    around = slips.of_program(candidate.code) if _LOOKS_AROUND.search(candidate.code) else ()
    verdict = None if report is None else _verdict(report, around)
    if verdict is None:
        called = task["entry_point"] is not None
        found = (*lcb_slips.shown_by(candidate.code, called=called), *around)
        message = running.ending(execution)
        return OfficialVerdict(
            passed=False, results=(-2,), code=_NO_VERDICT, message=message, slips=found
        )
    return verdict


def _task(problem: Problem, tests: Sequence[TestCase]) -> dict[str, Any]:
    """The tests as LiveCodeBench's files have them.

    Raises:
        InvalidInput: they are not all of one of its kinds.
    """
    kinds = {test.kind for test in tests}
    if kinds <= {"stdin"}:
        inputs = [test.input for test in tests]
        outputs = [test.expected for test in tests]
        return {"inputs": inputs, "outputs": outputs, "entry_point": None}
    if kinds != {"call"}:
        listed = ", ".join(sorted(kinds))
        raise InvalidInput("tests", f"must all be 'stdin' or all be 'call', these are {listed}")
    if problem.entry_point is None:
        raise InvalidInput("Problem.entry_point", "is needed: the tests call it")
    try:
        inputs = ["\n".join(map(json.dumps, test.input)) for test in tests]
        outputs = [json.dumps(test.expected) for test in tests]
    except (TypeError, ValueError) as error:
        raise InvalidInput("tests", f"hold a value that is not JSON's: {error}") from error
    return {"inputs": inputs, "outputs": outputs, "entry_point": problem.entry_point}


def _verdict(report: dict[str, Any], around: tuple[str, ...]) -> OfficialVerdict | None:
    """The verdict in a report; None where it is none, as only a program can make it."""
    results, code = report.get("results"), report.get("code")
    if not isinstance(results, list) or not all(isinstance(item, int) for item in results):
        return None
    if code not in _CODES or isinstance(code, float):
        return None
    return OfficialVerdict(
        passed=all(item > 0 for item in results),
        results=tuple(results),
        code=code,
        message=str(report.get("message", "")),
        slips=(*running.texts(report, "slips"), *around),
    )
