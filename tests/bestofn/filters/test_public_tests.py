from __future__ import annotations

import pytest

from bestofn import Candidate, Limits, Problem, Sandbox, SandboxFault, TestCase
from bestofn.filters import run_public_tests

pytestmark = pytest.mark.anyio


def stdin(text, expected):
    return TestCase(kind="stdin", input=text, expected=expected)


PROBLEM = Problem(
    statement="Double it.", public_tests=[stdin("1", "2"), stdin("2", "4"), stdin("3", "6")]
)
RIGHT = "print(2 * int(input()))"
PLUS_ONE = "print(1 + int(input()))"
SQUARE = "print(int(input()) ** 2)"
CRASH = "import nothing_like_this"


async def filtered(*codes, problem=PROBLEM, limits=None):
    candidates = [Candidate(id=str(number), code=code) for number, code in enumerate(codes)]
    async with Sandbox() as sandbox:
        return await run_public_tests(problem, candidates, sandbox, limits=limits)


async def test_those_that_pass_stay():
    result = await filtered(PLUS_ONE, RIGHT, CRASH, RIGHT + "  # again")
    assert [candidate.id for candidate in result.kept] == ["1", "3"]
    reasons = {rejection.id: rejection.reason for rejection in result.rejected}
    assert reasons["0"] == "passes 1 of 3 public tests; test 2: wrong, 3"
    assert reasons["2"].startswith("passes 0 of 3 public tests; test 1: error, ModuleNotFound")
    assert [outcome.status for outcome in result.outcomes["0"]] == ["passed", "wrong", "wrong"]


async def test_if_none_passes_all_those_that_pass_most_stay():
    result = await filtered(PLUS_ONE, CRASH, SQUARE)
    assert [candidate.id for candidate in result.kept] == ["0", "2"]
    assert "the best pass 1" in result.rejected[0].reason


async def test_if_all_fail_all_stay():
    result = await filtered(CRASH, "print(")
    assert len(result.kept) == 2
    assert not result.rejected


async def test_what_was_not_run_is_not_held_against_anyone():
    # One worker's whole time goes to the first program; nothing is known of the others' tests.
    slow = "while True: pass"
    result = await filtered(slow, RIGHT, limits=Limits(seconds=30, total_seconds=0.5))
    assert {o.status for o in result.outcomes["0"]} == {"not_run"}
    assert [candidate.id for candidate in result.kept] == ["1"]


async def test_a_float_is_not_rejected_for_its_last_digits():
    problem = Problem(statement="Third.", public_tests=[stdin("1", "0.333333333333")])
    result = await filtered("print(1 / 3)", "print(0.33)", problem=problem)
    assert [candidate.id for candidate in result.kept] == ["0"]


async def test_the_problem_says_how_far_off_a_float_may_be():
    problem = Problem(
        statement="Third.", tolerance=0.01, public_tests=[stdin("1", "0.333333333333")]
    )
    result = await filtered("print(1 / 3)", "print(0.33)", "print(0.3)", problem=problem)
    assert [candidate.id for candidate in result.kept] == ["0", "1"]


async def test_a_checker_decides_where_several_answers_are_right():
    problem = Problem(
        statement="Any divisor but 1.",
        checker="def check(input, expected, output):\n    return int(input) % int(output) == 0",
        public_tests=[stdin("12", "2"), stdin("15", "3")],
    )
    codes = ("n = int(input()); print(n)", "print(3)", "print(2)")
    result = await filtered(*codes, problem=problem)
    assert [candidate.id for candidate in result.kept] == ["0", "1"]


class Breaking:
    """A sandbox that breaks on programs that hold a word."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.limits, self.level, self.workers = sandbox.limits, sandbox.level, sandbox.workers

    async def execute(self, job, *, limits=None, until=None):
        if "break" in job.source:
            raise SandboxFault("the sandbox broke twice on one job")
        return await self.sandbox.execute(job, limits=limits, until=until)


async def broken(*codes):
    candidates = [Candidate(id=str(number), code=code) for number, code in enumerate(codes)]
    async with Sandbox() as sandbox:
        return await run_public_tests(PROBLEM, candidates, Breaking(sandbox))


async def test_a_sandbox_that_breaks_on_one_says_nothing_about_it():
    result = await broken(RIGHT + "  # break", PLUS_ONE, CRASH)
    assert {o.status for o in result.outcomes["0"]} == {"sandbox_fault"}
    assert "broke twice" in result.outcomes["0"][0].error
    assert [o.status for o in result.outcomes["1"]] == ["passed", "wrong", "wrong"]
    assert [candidate.id for candidate in result.kept] == ["0"]  # half of three is more than one
    result = await broken(RIGHT, RIGHT + "  # break")
    assert [candidate.id for candidate in result.kept] == ["0"]
    assert result.rejected[0].reason.startswith("the sandbox broke on its public tests")


async def test_a_sandbox_that_breaks_on_all_is_an_error():
    with pytest.raises(SandboxFault):
        await broken(RIGHT + "  # break", CRASH + "  # break")
