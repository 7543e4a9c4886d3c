"""Programs around the rules of LiveCodeBench's evaluator, and what both ways of grading say."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bestofn.errors import InvalidInput
from bestofn.grading import grade
from bestofn.grading.official import (
    UNKNOWN,
    OfficialVerdict,
    explain,
    grade_officially,
    livecodebench,
)
from bestofn.grading.official.explain import MEMORY, ONE_PROCESS, PRELUDE_NAME, RECURSION, TIME
from bestofn.sandbox import Limits, Sandbox
from bestofn.types import Candidate, Outcome, OutcomeStatus, Problem, TestCase

pytestmark = pytest.mark.anyio

PROBES: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("livecodebench_probes.toml").read_text(encoding="utf-8")
)["probe"]
SUMS = [["3\n4\n", "7\n"], ["10\n20\n", "30\n"]]


def cases_of(probe: dict[str, Any]) -> list[TestCase]:
    pairs = probe.get("tests", SUMS)
    if "function" not in probe:
        return [TestCase(kind="stdin", input=text, expected=wanted) for text, wanted in pairs]
    return [
        TestCase(
            kind="call",
            input=tuple(json.loads(line) for line in text.split("\n")),
            expected=json.loads(wanted),
        )
        for text, wanted in pairs
    ]


def problem_of(probe: dict[str, Any]) -> Problem:
    return Problem(statement="Add.", entry_point=probe.get("function"))


def first_failure(outcomes: tuple[Outcome, ...]) -> str:
    return next((outcome.status for outcome in outcomes if not outcome.passed), "passed")


def test_there_are_many() -> None:
    names = [probe["name"] for probe in PROBES]
    assert len(names) == len(set(names)) >= 100


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"])
async def test_probe(probe: dict[str, Any], sandbox: Sandbox) -> None:
    problem, tests = problem_of(probe), cases_of(probe)
    candidate = Candidate(id="probe", code=probe["program"])
    # Where the clock is not the point, a busy machine has all the time it wants.
    seconds = 3 if probe.get("short") else 60
    limits = Limits(seconds=1 if probe.get("short") else 30, wall_seconds=90, timeouts=1)
    verdict = await livecodebench.grade(
        problem,
        candidate,
        tests,
        sandbox,
        seconds=seconds,
        revision=probe.get("revision", "2025-05"),
    )
    official = tuple(probe.get("official", [True] * len(tests)))
    assert (verdict.results, verdict.code) == (official, probe.get("code")), verdict.message
    assert [type(result) for result in verdict.results] == [type(result) for result in official]
    assert verdict.passed is all(result is True for result in official)
    assert bool(verdict.message) is not verdict.passed

    strict = await grade(problem, candidate, tests, sandbox, limits=limits)
    if probe.get("strict", "passed") != "unsaid":
        assert first_failure(strict) == probe.get("strict", "passed"), strict
    if "slip" in probe:
        assert probe["slip"] in verdict.slips
    reason = explain(verdict, strict)
    if verdict.passed == all(outcome.passed for outcome in strict):
        assert reason == ""
    else:
        assert reason not in ("", UNKNOWN)
        assert probe.get("slip", "") in reason


async def test_the_process_has_a_clock_outside(sandbox: Sandbox) -> None:
    """A program that cancels the alarm and never ends: 4 s a test and 5 s more."""
    program = "import signal\nsignal.alarm(0)\nwhile True: pass"
    test = TestCase(kind="stdin", input="", expected="")
    verdict = await livecodebench.grade(
        Problem(statement="Wait."), Candidate(id="a", code=program), [test], sandbox, seconds=3
    )
    assert (verdict.passed, verdict.results, verdict.code) == (False, (-2,), -5)
    assert "time limit" in verdict.message


async def test_no_tests_at_all_are_passed(sandbox: Sandbox) -> None:
    problem, candidate = Problem(statement="Nothing."), Candidate(id="a", code="pass")
    assert (await livecodebench.grade(problem, candidate, [], sandbox)).passed


async def test_a_report_that_is_none_is_no_verdict(sandbox: Sandbox) -> None:
    program = """
import sys
rules = sys.modules["inside.official"]
rules._encode = lambda report: '{"results": [true], "code": "%s"}' % input
print(1)
"""
    test = TestCase(kind="stdin", input="", expected="1")
    verdict = await livecodebench.grade(
        Problem(statement="Cheat."), Candidate(id="a", code=program), [test], sandbox
    )
    assert (verdict.passed, verdict.code) == (False, -5)


async def test_what_is_not_livecodebench_is_refused(sandbox: Sandbox) -> None:
    candidate = Candidate(id="a", code="")
    stdin = TestCase(kind="stdin", input="", expected="")
    call = TestCase(kind="call", input=(1,), expected=1)
    script = TestCase(kind="assertion", input="assert f(1)")
    problem = Problem(statement="x", entry_point="f")
    for tests in ([stdin, call], [script]):
        with pytest.raises(InvalidInput, match="all be 'stdin' or all be 'call'"):
            await livecodebench.grade(problem, candidate, tests, sandbox)
    with pytest.raises(InvalidInput, match="entry_point"):
        await livecodebench.grade(Problem(statement="x"), candidate, [call], sandbox)
    tests = [TestCase(kind="call", input=({1},), expected=1)]
    with pytest.raises(InvalidInput, match="not JSON's"):
        await livecodebench.grade(problem, candidate, tests, sandbox)
    with pytest.raises(InvalidInput, match="seconds"):
        await livecodebench.grade(problem, candidate, [stdin], sandbox, seconds=0)
    with pytest.raises(InvalidInput, match="revision"):
        await livecodebench.grade(
            problem,
            candidate,
            [stdin],
            sandbox,
            revision="2020-01",  # type: ignore[arg-type]
        )


async def test_rules_are_found_by_name(sandbox: Sandbox) -> None:
    problem = Problem(statement="x", entry_point="f")
    candidate = Candidate(id="a", code="for line in sys.stdin: print(line)")
    test = TestCase(kind="stdin", input="1", expected="1")
    verdict = await grade_officially(problem, candidate, [test], sandbox, rules="livecodebench")
    assert verdict.slips == ("reads sys.stdin by iteration",)
    for rules in ("evalplus", "humaneval", "bigcodebench", "apps"):
        with pytest.raises(InvalidInput):
            await grade_officially(
                problem,
                candidate,
                [test],
                sandbox,
                rules=rules,  # type: ignore[arg-type]
            )


def outcomes(status: OutcomeStatus, error: str = "") -> tuple[Outcome, ...]:
    return (Outcome(status="passed"), Outcome(status=status, error=error))


@pytest.mark.parametrize(
    ("verdict", "strict", "reason"),
    [
        (OfficialVerdict(passed=True), outcomes("passed"), ""),
        (OfficialVerdict(passed=False, code=-2), outcomes("wrong"), ""),
        (OfficialVerdict(passed=True), outcomes("error", "NameError: name 'gcd'"), PRELUDE_NAME),
        (OfficialVerdict(passed=True), outcomes("error", "RecursionError: deep"), RECURSION),
        (OfficialVerdict(passed=True), outcomes("timeout"), TIME),
        (OfficialVerdict(passed=True), outcomes("memory"), MEMORY),
        (OfficialVerdict(passed=True), outcomes("wrong"), UNKNOWN),
        (OfficialVerdict(passed=False, code=-3, results=(-3,)), outcomes("passed"), TIME),
        (OfficialVerdict(passed=False, results=(True, -2)), outcomes("passed"), ONE_PROCESS),
        (OfficialVerdict(passed=False, results=(-2,)), outcomes("passed"), UNKNOWN),
        (OfficialVerdict(passed=False, slips=("a", "b")), outcomes("passed"), "a; b"),
    ],
)
def test_a_difference_is_explained(
    verdict: OfficialVerdict, strict: tuple[Outcome, ...], reason: str
) -> None:
    assert explain(verdict, strict) == reason
