"""Coverage on real statements; needs ../shared/data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bestofn.probes.stdin.make import stdin_probes
from bestofn.probes.stdin.plan import make_plan
from bestofn.probes.stdin.text import parse
from bestofn.types import Problem, TestCase


@pytest.fixture(scope="module")
def problems(shared_data: Path) -> list[Problem]:
    found = []
    for line in (shared_data / "livecodebench" / "problems.jsonl").read_text().splitlines():
        row = json.loads(line)
        tests = json.loads(row["public_test_cases"])
        if tests[0]["testtype"] == "stdin":
            found.append(
                Problem(
                    id=row["question_id"],
                    statement=row["question_content"],
                    public_tests=tuple(
                        TestCase(kind="stdin", input=t["input"], expected=t["output"])
                        for t in tests
                    ),
                )
            )
    return found


def test_most_real_statements_are_read(problems: list[Problem]) -> None:
    enough = 0
    some = 0
    for problem in problems:
        probes = stdin_probes(problem, seed=1)
        plan = make_plan(problem)
        some += bool(probes) and plan is not None
        small = [probe for probe in probes if probe.origin != "stress"]
        enough += len(small) >= 10 and len(probes) - len(small) >= 2
        if plan is None:
            continue
        for probe in small:
            parse(str(probe.input), plan.rules.grammar)
    # Measured 187 and 207 of 247.
    assert len(problems) == 247
    assert enough >= 180
    assert some >= 200
