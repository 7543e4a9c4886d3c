"""BigCodeBench's files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bestofn import Sandbox
from bestofn.benchmarks import bigcodebench
from bestofn.benchmarks.verdicts import is_right
from bestofn.errors import FormatError, InvalidInput
from bestofn.grading.official import bigcodebench as official

CODE_PROMPT = "import math\ndef task_func(n):"
PROBLEM = {
    "task_id": "BigCodeBench/0",
    "complete_prompt": CODE_PROMPT + '\n    """The whole root of n."""\n',
    "instruct_prompt": "Write task_func(n), the whole root of n.",
    "code_prompt": CODE_PROMPT,
    "canonical_solution": "    return math.isqrt(n)\n",
    "test": (
        "import unittest\nclass TestCases(unittest.TestCase):\n"
        "    def test_root(self):\n        self.assertEqual(task_func(17), 4)\n"
    ),
    "entry_point": "task_func",
    "libs": "['math']",
    "doc_struct": "{}",
}
SOLUTION = "import math\ndef task_func(n):\n    return math.isqrt(n)\n"
WRONG = "def task_func(n):\n    return n\n"


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    return write(tmp_path / "BigCodeBench.jsonl", PROBLEM)


def solution(code: str = SOLUTION, **more: Any) -> dict[str, Any]:
    return {"task_id": "BigCodeBench/0", "solution": code, **more}


def result(code: str, status: str, details: dict[str, str] | None = None) -> dict[str, Any]:
    calibrated = f"{CODE_PROMPT}\n    pass\n{code}"
    return solution(calibrated, status=status, details=details or {})


def write_results(path: Path, *rows: dict[str, Any], name: str = "BigCodeBench/0") -> Path:
    path.write_text(json.dumps({"date": "2026-01-01 00:00", "eval": {name: rows}}, indent=2))
    return path


def test_problems_and_samples_join(tmp_path: Path) -> None:
    packed = tmp_path / "BigCodeBench.jsonl.gz"
    packed.write_bytes(gzip.compress((json.dumps(PROBLEM) + "\n").encode()))
    first = write(tmp_path / "a.jsonl", solution(raw_solution="said"), solution(WRONG))
    second = write(
        tmp_path / "b.jsonl", {"task_id": "BigCodeBench/0", "completion": "    return 1"}
    )
    found = bigcodebench.load(packed, [first, second])
    (item,) = found.items
    assert [candidate.id for candidate in item.candidates] == ["a/0", "a/1", "b/0"]
    assert item.candidates[0].code == SOLUTION
    assert item.candidates[0].metadata == {"raw_solution": "said"}
    assert item.candidates[2].code == PROBLEM["complete_prompt"] + "    return 1"
    assert item.verdicts == {}
    assert (item.problem.entry_point, item.problem.starter_code) == ("task_func", CODE_PROMPT)
    assert (item.problem.statement, item.problem.public_tests) == (PROBLEM["complete_prompt"], ())
    assert item.problem.metadata == {"libs": ("math",)}
    (hidden,) = item.hidden_tests
    assert (hidden.kind, hidden.input) == ("unittest", PROBLEM["test"])
    assert found.limits == bigcodebench.LIMITS


def test_a_completion_goes_behind_the_complete_prompt_in_either_split(
    tmp_path: Path, problems: Path
) -> None:
    samples = write(tmp_path / "s.jsonl", {"task_id": "BigCodeBench/0", "completion": "    0"})
    (item,) = bigcodebench.load(problems, [samples], split="instruct").items
    assert item.problem.statement == PROBLEM["instruct_prompt"]
    assert item.candidates[0].code == PROBLEM["complete_prompt"] + "    0"
    with pytest.raises(InvalidInput, match="split"):
        bigcodebench.load(problems, [samples], split="other")  # type: ignore[arg-type]


def test_recorded_results_are_verdicts(tmp_path: Path, problems: Path) -> None:
    rows = [result(SOLUTION, "pass"), result(WRONG, "fail", {"test_root": "..."})]
    path = write_results(tmp_path / "m_eval_results.json", *rows, result("loop", "timeout"))
    (item,) = bigcodebench.load(problems, [path]).items
    assert [candidate.code for candidate in item.candidates] == [SOLUTION, WRONG, "loop"]
    names = [candidate.id for candidate in item.candidates]
    assert item.verdicts == dict(zip(names, (True, False, False), strict=True))
    assert item.candidates[2].metadata == {"status": "timeout"}


def test_results_that_were_not_calibrated_stay_as_they_are(tmp_path: Path, problems: Path) -> None:
    path = write_results(tmp_path / "r.json", solution(SOLUTION, status="pass"))
    (item,) = bigcodebench.load(problems, [path]).items
    assert item.candidates[0].code == SOLUTION


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"task_id": "BigCodeBench/0"}, "'complete_prompt' is missing"),
        ({**PROBLEM, "test": "def ("}, "not valid Python"),
        ({**PROBLEM, "libs": "math"}, "'libs'.*'math'"),
        ({**PROBLEM, "libs": "[1]"}, "'libs'"),
        ({**PROBLEM, "libs": ["math"]}, "'libs'.*an array"),
        ({**PROBLEM, "task_id": "BigCodeBench/9"}, "'BigCodeBench/9' is there twice"),
    ],
)
def test_bad_problems_are_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "p.jsonl", {**PROBLEM, "task_id": "BigCodeBench/9"}, row)
    with pytest.raises(FormatError, match=words) as caught:
        bigcodebench.read_problems(path)
    assert caught.value.row == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"task_id": "BigCodeBench/1", "solution": ""}, "'BigCodeBench/1' is not in the problem"),
        ({"task_id": "BigCodeBench/0"}, "neither field 'solution' nor 'completion'"),
        ({"task_id": "BigCodeBench/0", "solution": 3}, "'solution'.*a number"),
    ],
)
def test_bad_samples_are_named(
    tmp_path: Path, problems: Path, row: dict[str, Any], words: str
) -> None:
    path = write(tmp_path / "s.jsonl", solution(), row)
    with pytest.raises(FormatError, match=words) as caught:
        bigcodebench.load(problems, [path])
    assert caught.value.row == 2


def test_bad_results_are_named(tmp_path: Path, problems: Path) -> None:
    path = write_results(tmp_path / "r.json", result(WRONG, "maybe"))
    with pytest.raises(FormatError, match=r"'eval\.BigCodeBench/0\[0\]\.status'"):
        bigcodebench.load(problems, [path])
    write_results(path, result(WRONG, "fail"), name="BigCodeBench/7")
    with pytest.raises(FormatError, match="'BigCodeBench/7' is not in the problem file"):
        bigcodebench.load(problems, [path])
    path.write_text('{"results": []}')
    with pytest.raises(FormatError, match="'eval' is missing"):
        bigcodebench.load(problems, [path])
    path.write_text("")
    with pytest.raises(FormatError, match="no rows"):
        bigcodebench.load(problems, [path])


@pytest.mark.anyio
async def test_what_was_read_can_be_graded(tmp_path: Path, problems: Path) -> None:
    samples = write(tmp_path / "s.jsonl", solution(), solution(WRONG))
    (item,) = bigcodebench.load(problems, [samples]).items
    async with Sandbox(workers=1) as sandbox:
        for candidate, right in zip(item.candidates, (True, False), strict=True):
            tests = item.hidden_tests
            assert await is_right(item.problem, candidate, tests, sandbox) == right
            verdict = await official.grade(item.problem, candidate, tests, sandbox)
            assert verdict.passed == right, verdict
