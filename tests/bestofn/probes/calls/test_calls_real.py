"""Call probes on real problems: trusted reference solutions judge the inputs."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from bestofn import Problem, TestCase
from bestofn.probes.calls.docstring import docstring_examples
from bestofn.probes.calls.make import STRESS_ELEMENTS, call_probes
from bestofn.probes.calls.sampling import size_of

RUNNER = """
import copy, pickle, resource, signal, sys
sys.set_int_max_str_digits(0)
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
def late(*_): raise TimeoutError
signal.signal(signal.SIGALRM, late)
answers = []
for source, entry, calls in pickle.load(sys.stdin.buffer):
    space = {}
    exec(source, space)
    found = []
    for call in calls:
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            found.append(("ok", space[entry](*copy.deepcopy(call))))
        except Exception as error:
            found.append((type(error).__name__, None))
        signal.setitimer(signal.ITIMER_REAL, 0)
    answers.append(found)
pickle.dump(answers, sys.stdout.buffer)
"""

Job = tuple[str, str, list[tuple[Any, ...]]]


def run_references(jobs: list[Job]) -> list[list[tuple[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER],
        input=pickle.dumps(jobs), stdout=subprocess.PIPE, check=True, timeout=120,
    )  # fmt: skip
    answers: list[list[tuple[str, Any]]] = pickle.loads(done.stdout)
    return answers


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_docstring_examples_agree_with_the_references(shared_data: Path) -> None:
    problems = rows(shared_data / "humaneval" / "problems.jsonl")
    found = [docstring_examples(row["prompt"], row["entry_point"]) for row in problems]
    jobs = [
        (row["prompt"] + row["canonical_solution"], row["entry_point"],
         [example.arguments for example in examples])
        for row, examples in zip(problems, found, strict=True)
    ]  # fmt: skip
    wrong_problems, total = set(), 0
    for row, examples, answers in zip(problems, found, run_references(jobs), strict=True):
        for example, answer in zip(examples, answers, strict=True):
            total += 1
            if answer != ("ok", example.expected):
                wrong_problems.add(row["task_id"])
    assert sum(map(bool, found)) >= 0.9 * len(problems)
    assert total > 2 * len(problems)
    # The statements themselves are off in two of the problems.
    assert len(wrong_problems) <= 2


def test_references_seldom_raise_on_probes(shared_data: Path) -> None:
    problems = rows(shared_data / "humaneval" / "problems.jsonl")
    jobs = []
    for row in problems:
        problem = Problem(
            id=row["task_id"], statement=row["prompt"], starter_code=row["prompt"],
            entry_point=row["entry_point"],
        )  # fmt: skip
        probes = call_probes(problem, seed=2)
        calls = [p.input for p in probes if not p.family and isinstance(p.input, tuple)]
        jobs.append((row["prompt"] + row["canonical_solution"], row["entry_point"], calls))
    answers = [answer for found in run_references(jobs) for answer in found]
    assert len(answers) > 30 * len(problems)
    assert sum(status != "ok" for status, _ in answers) < 0.05 * len(answers)


def test_listed_constraints_are_mostly_understood(shared_data: Path) -> None:
    made = stressed = total = 0
    for row in rows(shared_data / "livecodebench" / "problems.jsonl"):
        name = json.loads(row["metadata"]).get("func_name")
        if name is None:
            continue
        tests = tuple(
            TestCase(
                kind="call",
                input=tuple(json.loads(line) for line in test["input"].split("\n")),
                expected=json.loads(test["output"]),
            )
            for test in json.loads(row["public_test_cases"])
        )
        problem = Problem(
            id=row["question_id"], statement=row["question_content"],
            starter_code=row["starter_code"], entry_point=name, public_tests=tests,
        )  # fmt: skip
        probes = call_probes(problem, seed=0, small=12, stress=1)
        total += 1
        made += len(probes) >= len(tests) + 10
        stressed += probes[-1].origin == "stress"
        assert all(size_of(probe.input) <= STRESS_ELEMENTS for probe in probes)
        assert all(len(probe.input) == len(tests[0].input) for probe in probes)
    assert made >= 0.8 * total
    assert stressed >= 0.8 * total
