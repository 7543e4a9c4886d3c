"""Hidden tests: what makes a verdict, and what makes none."""

from __future__ import annotations

from typing import Any

import pytest

from bestofn import Candidate, Problem, Sandbox, SandboxFault, TestCase
from bestofn.benchmarks.verdicts import is_right
from bestofn.sandbox import Execution, Job, Limits

pytestmark = pytest.mark.anyio

DIVISOR = Problem(
    statement="Any divisor but 1.",
    checker="def check(input, expected, output):\n    return int(input) % int(output) == 0",
)
THIRD = Problem(statement="A third.", tolerance=0.01)


async def right(problem: Problem, code: str, *tests: tuple[str, str]) -> bool:
    cases = [TestCase(kind="stdin", input=text, expected=expected) for text, expected in tests]
    async with Sandbox(workers=1) as sandbox:
        return await is_right(problem, Candidate(id="a", code=code), cases, sandbox)


async def test_hidden_tests_ask_the_checker() -> None:
    tests = (("12", "2"), ("15", "3"), ("9", "3"))
    assert await right(DIVISOR, "print(input())", *tests)
    assert await right(DIVISOR, "print(3)", *tests)
    assert not await right(DIVISOR, "print(4)", *tests)


async def test_hidden_tests_allow_the_problems_tolerance() -> None:
    assert await right(THIRD, "print(int(input()) / 3)", ("1", "0.33"), ("2", "0.66"))
    assert not await right(THIRD, "print(int(input()) / 3)", ("1", "0.35"))
    assert not await right(Problem(statement="x"), "print(1 / 3)", ("1", "0.33"))


class Broken:
    """A sandbox that breaks on everything."""

    limits, level, workers = Limits(), None, 1

    async def execute(
        self, job: Job, *, limits: Limits | None = None, until: float | None = None
    ) -> list[Execution]:
        raise SandboxFault("gone")


async def test_a_broken_sandbox_makes_no_verdict() -> None:
    test = TestCase(kind="stdin", input="", expected="")
    broken: Any = Broken()
    with pytest.raises(SandboxFault):
        await is_right(DIVISOR, Candidate(id="a", code="print()"), [test], broken)
