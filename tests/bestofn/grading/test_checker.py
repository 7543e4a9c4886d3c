"""Problems with several right answers: the caller's checker decides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bestofn import Candidate, Limits, Problem, Sandbox, TestCase
from bestofn.errors import InvalidInput
from bestofn.grading import grade
from bestofn.sandbox import Execution, Job, StdinJob
from bestofn.types import Outcome

pytestmark = pytest.mark.anyio

# Any two numbers that sum to the first are right; the expected text is only one example.
SUMMANDS = """\
def check(input, expected, output):
    try:
        parts = [int(word) for word in output.split()]
    except ValueError:
        return "not numbers"
    if len(parts) != 2:
        return False
    return sum(parts) == int(input)
"""
TEST = TestCase(kind="stdin", input="7\n", expected="3 4")
PROBLEM = Problem(statement="Split a number.", checker=SUMMANDS, public_tests=[TEST])


async def outcomes(problem: Problem, code: str, *tests: TestCase, **options: Any) -> list[Outcome]:
    async with Sandbox(workers=1) as sandbox:
        candidate = Candidate(id="a", code=code)
        return list(await grade(problem, candidate, tests, sandbox, **options))


async def status(problem: Problem, code: str, *tests: TestCase, **options: Any) -> list[str]:
    return [outcome.status for outcome in await outcomes(problem, code, *tests, **options)]


async def test_another_answer_is_right_and_a_wrong_one_is_wrong() -> None:
    more = TestCase(kind="stdin", input="9\n", expected="4 5")
    code = "n = int(input()); print({}, n - 1)"
    assert await status(PROBLEM, code.format("1"), TEST, more) == ["passed", "passed"]
    assert await status(PROBLEM, code.format("2"), TEST, more) == ["wrong", "wrong"]
    plain = Problem(statement="Split a number.")
    assert await status(plain, code.format("1"), TEST) == ["wrong"]


async def test_a_text_says_why() -> None:
    (got,) = await outcomes(PROBLEM, "print('three four')", TEST)
    assert (got.status, got.error, got.output) == ("wrong", "not numbers", "three four")


async def test_only_an_answer_is_checked() -> None:
    quick = Limits(seconds=0.3)
    assert await status(PROBLEM, "print(3, 4); raise ValueError", TEST) == ["error"]
    assert await status(PROBLEM, "while True: pass", TEST, limits=quick) == ["timeout"]
    mixed = "if input() == '7':\n    raise ValueError\nprint(4, 5)"
    tests = [TEST, TestCase(kind="stdin", input="9\n", expected="")]
    assert await status(PROBLEM, mixed, *tests) == ["error", "passed"]


async def test_values_and_scripts() -> None:
    problem = Problem(
        statement="Any index of x.",
        entry_point="find",
        checker=(
            "def check(input, expected, output):\n"
            "    xs, x = input\n"
            "    return type(output) is int and 0 <= output < len(xs) and xs[output] == x\n"
        ),
    )
    code = "def find(xs, x): return len(xs) - 1 - xs[::-1].index(x)"
    call = TestCase(kind="call", input=[[5, 6, 5], 5], expected=0)
    script = TestCase(kind="assertion", input="assert find([5, 6, 5], 5) == 2")
    assert await status(problem, code, call, script) == ["passed", "passed"]
    assert await status(problem, "def find(xs, x): return 1", call, script) == ["wrong", "wrong"]
    forged = "class E(int):\n    __eq__ = lambda a, b: True\ndef find(xs, x): return E(1)"
    assert await status(problem, forged, call) == ["wrong"]


async def test_a_value_without_a_plain_form_is_wrong_and_the_checker_is_not_asked() -> None:
    problem = Problem(
        statement="x", entry_point="f", checker="def check(input, expected, output): return True"
    )
    call = TestCase(kind="call", input=[], expected=0)
    deep = "def f():\n    x = []\n    for _ in range(98): x = [x]\n    return x"
    assert await status(problem, "def f(): return [object()]", call) == ["wrong"]
    assert await status(problem, deep, call) == ["passed"]
    # Within the bounds of a value by itself, beyond them as part of what the checker is handed.
    assert await status(problem, deep.replace("98", "99"), call) == ["wrong"]


@pytest.mark.parametrize(
    ("checker", "words"),
    [
        ("def check(input, expected, output): return output == 1/0", "ZeroDivisionError"),
        ("def check(input, expected, output): return None", "returned None"),
        ("def check(input, expected, output): return 1", "returned 1 "),
        ("def check(input, expected, output): return ''", "returned ''"),
        ("def check(input, expected): return True", "TypeError"),
        ("def check(input, expected, output): raise SystemExit", "SystemExit"),
        ("raise ImportError('no such judge')\ncheck = None", "no such judge"),
        ("import os\ndef check(input, expected, output): os._exit(0)", "ended"),
        ("check = 3", "defines no function 'check'"),
    ],
)
async def test_a_checker_that_fails_is_the_problems_fault(checker: str, words: str) -> None:
    problem = Problem(statement="x", checker=checker)
    with pytest.raises(InvalidInput, match=words) as caught:
        await outcomes(problem, "print(3, 4)", TEST)
    assert caught.value.field == "Problem.checker"


async def test_the_message_shows_what_the_checker_could_not_cope_with() -> None:
    problem = Problem(
        statement="x", checker="def check(input, expected, output): return int(output) > 0"
    )
    with pytest.raises(InvalidInput, match=r"'7\\n'.*'3 4'.*x{50,}.* … *; .*must return True"):
        await outcomes(problem, "print('x' * 100000)", TEST)


async def test_a_checker_that_does_not_end_is_the_problems_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bestofn.grading.checker.CHECKER_SECONDS", 0.2)
    problem = Problem(
        statement="x", checker="def check(input, expected, output):\n    while True: pass"
    )
    async with Sandbox(workers=1, limits=Limits(seconds=0.2)) as sandbox:
        with pytest.raises(InvalidInput, match="out of processor time"):
            await grade(problem, Candidate(id="a", code="print(1)"), [TEST], sandbox)


@pytest.mark.parametrize(
    ("checker", "words"),
    [
        ("def check(", "not valid Python"),
        ("def verify(input, expected, output): return True", "must define check"),
        ("class A:\n    def check(self): pass", "must define check"),
        (3, "must be text"),
    ],
)
def test_what_cannot_be_a_checker_is_refused_at_once(checker: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        Problem(statement="x", checker=checker)
    assert caught.value.field == "Problem.checker"


class Recording:
    """A sandbox that keeps what it was asked to run."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.jobs: list[Job] = []
        self.limits, self.level, self.workers = sandbox.limits, sandbox.level, 1

    async def execute(
        self, job: Job, *, limits: Limits | None = None, until: float | None = None
    ) -> list[Execution]:
        self.jobs.append(job)
        return await self.sandbox.execute(job, limits=limits, until=until)


async def test_the_candidate_never_meets_the_checker_or_what_is_expected() -> None:
    test = TestCase(kind="stdin", input="7\n", expected="a secret")
    async with Sandbox(workers=1) as sandbox:
        recording = Recording(sandbox)
        candidate = Candidate(id="a", code="print(3, 4)")
        (got,) = await grade(PROBLEM, candidate, [test], recording)
    assert got.passed
    first, second = recording.jobs
    assert isinstance(first, StdinJob)
    assert "secret" not in repr(first)
    assert "check" not in repr(first)
    assert "a secret" in repr(second)


async def test_a_checker_has_no_rights_either(tmp_path: Path) -> None:
    # It reads what candidates wrote; the sandbox must hold if that takes it over.
    secret = tmp_path / "secret"
    secret.write_text("x")
    os.chmod(tmp_path, 0o755)
    checker = (
        "def check(input, expected, output):\n"
        f"    try:\n        open({str(secret)!r})\n"
        "    except OSError:\n        return True\n"
        "    return False\n"
    )
    assert await status(Problem(statement="x", checker=checker), "print(1)", TEST) == ["passed"]
