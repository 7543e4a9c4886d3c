"""HumanEval's files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bestofn.benchmarks import humaneval
from bestofn.errors import FormatError

PROMPT = 'def double(n):\n    """Twice n.\n    >>> double(2)\n    4\n    """\n'
PROBLEM = {
    "task_id": "T/0",
    "prompt": PROMPT,
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n",
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def sample(completion: str = "    return 2 * n\n", **more: Any) -> dict[str, Any]:
    return {"task_id": "T/0", "completion": completion, **more}


def test_problems_samples_and_tests_join(tmp_path: Path) -> None:
    packed = tmp_path / "HumanEval.jsonl.gz"
    packed.write_bytes(gzip.compress((json.dumps(PROBLEM) + "\n").encode()))
    first = write(tmp_path / "a.jsonl", [sample(passed=True, completion_id=7), sample("    0\n")])
    second = write(tmp_path / "b.jsonl", [sample("def double(n): return n")])
    tests = write(
        tmp_path / "t.jsonl", [{"task_id": "T/0", "samples": [" double(1) == 2\nassert x", "\n"]}]
    )
    found = humaneval.load(packed, [first, second], generated_tests=tests)
    (item,) = found.items
    assert found.without_samples == ()
    assert [c.id for c in item.candidates] == ["a/0", "a/1", "b/0"]
    assert item.candidates[2].code == PROMPT + "def double(n): return n"
    assert item.candidates[0].metadata == {"completion_id": 7}
    assert item.verdicts == {"a/0": True}
    assert item.problem.generated_tests == ("assert double(1) == 2",)
    assert item.problem.entry_point == "double"
    (hidden,) = item.hidden_tests
    assert hidden.kind == "assertion"
    assert hidden.input == PROBLEM["test"]


def test_examples_of_the_docstring_are_public_tests_when_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [PROBLEM])
    (with_examples,) = humaneval.read_problems(path)
    (without,) = humaneval.read_problems(path, examples=False)
    (test,) = with_examples.problem.public_tests
    assert (test.kind, test.input, test.expected) == ("call", (2,), 4)
    assert without.problem.public_tests == ()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"task_id": "T/0", "prompt": "x"}, "'entry_point' is missing"),
        ({**PROBLEM, "test": "def ("}, "not valid Python"),
        ({**PROBLEM, "entry_point": "a b"}, "entry_point"),
        ({**PROBLEM, "prompt": ""}, "statement"),
    ],
)
def test_bad_problems_are_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "p.jsonl", [{**PROBLEM, "task_id": "T/9"}, row])
    with pytest.raises(FormatError, match=words) as caught:
        humaneval.read_problems(path)
    assert caught.value.row == 2


def test_a_problem_twice(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="'T/0' is there twice"):
        humaneval.read_problems(write(tmp_path / "p.jsonl", [PROBLEM, PROBLEM]))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"task_id": "T/1", "completion": ""}, "'T/1' is not in the problem file"),
        ({"task_id": "T/0"}, "'completion' is missing"),
        ({"task_id": "T/0", "completion": 3}, "'completion'.*a number"),
        ({"task_id": "T/0", "completion": "", "passed": "yes"}, "'passed'.*a string"),
    ],
)
def test_bad_samples_are_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "s.jsonl", [sample(), row])
    with pytest.raises(FormatError, match=words) as caught:
        humaneval.read_samples(path, "s", {"T/0": PROMPT})
    assert caught.value.row == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"task_id": "T/1", "samples": []}], "'T/1' is not in the problem file"),
        ([{"task_id": "T/0", "samples": []}] * 2, "twice"),
        ([{"task_id": "T/0", "samples": "text"}], "'samples'.*a string"),
    ],
)
def test_bad_generated_tests_are_named(
    tmp_path: Path, rows: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        humaneval.read_generated_tests(write(tmp_path / "t.jsonl", rows), {"T/0": "double"})


def test_a_stripped_file_gets_its_indentation_back(tmp_path: Path) -> None:
    completions = ["m = 2 * n\n    return m", "def double(n):\n    return n", "return (", "pass"]
    path = write(tmp_path / "s.jsonl", [sample(text) for text in completions])
    codes = [s.code for s in humaneval.read_samples(path, "s", {"T/0": PROMPT}).samples["T/0"]]
    assert codes[0] == PROMPT + "    " + completions[0]
    assert codes[1:] == [PROMPT + text for text in completions[1:]]


def test_a_file_that_kept_its_indentation_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", [sample(), sample("return 2 * n")])
    (_, broken) = humaneval.read_samples(path, "s", {"T/0": PROMPT}).samples["T/0"]
    assert broken.code == PROMPT + "return 2 * n"


def test_the_real_files(shared_data: Path) -> None:
    folder = shared_data / "humaneval"
    found = humaneval.load(
        folder / "problems.jsonl",
        [folder / "codegen16b_100_samples.jsonl", folder / "davinci_20_samples.jsonl"],
        generated_tests=folder / "codegen16b_generated_tests.jsonl",
    )
    items = found.items
    assert (len(items), found.without_samples) == (82, ())
    assert sorted({len(item.candidates) for item in items}) == [100, 120]
    assert all(item.problem.entry_point for item in items)
    assert sum(bool(item.problem.generated_tests) for item in items) == 75
    davinci = humaneval.load(folder / "problems.jsonl", [folder / "davinci_20_samples.jsonl"])
    assert (len(davinci.items), len(davinci.without_samples)) == (80, 2)
    assert all(not item.ungraded for item in davinci.items)
    assert "recorded_judge" in davinci.items[0].candidates[0].metadata
