"""LiveCodeBench's files."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from bestofn.benchmarks import livecodebench
from bestofn.errors import FormatError

STDIN = {"input": "1 2\n", "output": "3\n", "testtype": "stdin"}
CALL = {"input": '[1, 2]\n"x"', "output": "[3]", "testtype": "functional"}


def problem(**changes: Any) -> dict[str, Any]:
    return {
        "question_title": "Sum",
        "question_content": "Add two numbers.",
        "platform": "atcoder",
        "question_id": "q1",
        "contest_id": "c1",
        "contest_date": "2023-01-01T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps([STDIN]),
        "private_test_cases": "[]",
        "metadata": "{}",
        **changes,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pack(tests: list[dict[str, str]]) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


def test_a_problem_that_reads_standard_input(tmp_path: Path) -> None:
    more = {**STDIN, "input": "5 5\n", "output": "10\n"}
    row = problem(private_test_cases=pack([more]))
    (entry,) = livecodebench.read_problems(write(tmp_path / "p.jsonl", [row]))
    assert entry.problem.id == "q1"
    assert entry.problem.title == "Sum"
    assert entry.problem.entry_point is None
    assert entry.problem.difficulty == "easy"
    assert entry.problem.metadata["contest_date"].startswith("2023")
    assert [test.input for test in entry.problem.public_tests] == ["1 2\n"]
    assert [test.expected for test in entry.hidden_tests] == ["3\n", "10\n"]


def test_a_problem_that_is_called(tmp_path: Path) -> None:
    row = problem(
        public_test_cases=json.dumps([CALL]),
        metadata=json.dumps({"func_name": "add"}),
        starter_code="class Solution:\n    def add(self, a, b):\n        ",
    )
    (entry,) = livecodebench.read_problems(write(tmp_path / "p.jsonl", [row]))
    (test,) = entry.problem.public_tests
    assert entry.problem.entry_point == "add"
    assert (test.kind, test.input, test.expected) == ("call", ([1, 2], "x"), [3])


def test_public_tests_alone_are_no_hidden_tests(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [problem()])
    assert livecodebench.read_problems(path)[0].hidden_tests == ()
    assert livecodebench.read_problems(path, examples=False)[0].problem.public_tests == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"public_test_cases": "nonsense"}, "public_test_cases"),
        ({"public_test_cases": [STDIN]}, "public_test_cases"),
        ({"public_test_cases": json.dumps([{"input": "1"}])}, r"public_test_cases\[0\]\[output\]"),
        ({"private_test_cases": "AAAA"}, "private_test_cases"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": '{"func_name": 3}'}, "func_name"),
        ({"public_test_cases": json.dumps([CALL])}, "no func_name"),
        (
            {
                "public_test_cases": json.dumps([{**CALL, "input": "nope"}]),
                "metadata": '{"func_name": "f"}',
            },
            r"public_test_cases\[0\].input",
        ),
        ({"question_content": " "}, "statement"),
    ],
)
def test_bad_problems_are_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "p.jsonl", [problem(question_id="q0"), problem(**changes)])
    with pytest.raises(FormatError, match=words) as caught:
        livecodebench.read_problems(path)
    assert caught.value.row == 2


def test_the_same_question_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [problem(), problem()])
    with pytest.raises(FormatError, match="'q1' is there twice"):
        livecodebench.read_problems(path)
    single = write(tmp_path / "single.jsonl", [problem()])
    outputs = write(tmp_path / "o.jsonl", [{"question_id": "q1", "code_list": ["a"]}])
    with pytest.raises(FormatError, match="earlier problem file"):
        livecodebench.load([single, single], [outputs])


def test_outputs_of_several_models_merge(tmp_path: Path) -> None:
    problems = write(tmp_path / "p.jsonl", [problem(), problem(question_id="q2")])
    name = "Scenario.codegeneration_1_0.2_eval_all.json"
    first, second = tmp_path / "o1" / name, tmp_path / "o2" / name
    first.parent.mkdir()
    second.parent.mkdir()
    first.write_text(
        json.dumps([{"question_id": "q1", "code_list": ["a", "b"], "graded_list": [True, False]}])
    )
    second.write_text(json.dumps([{"question_id": "q1", "output_list": ["so:\n```\nc\n```\n"]}]))
    found = livecodebench.load([problems], [first, second])
    (item,) = found.items
    assert found.without_samples == ("q2",)
    assert [c.id for c in item.candidates] == ["o1/0", "o1/1", "o2/0"]
    assert [c.code for c in item.candidates] == ["a", "b", "c"]
    assert item.candidates[2].text.startswith("so:")
    assert item.verdicts == {"o1/0": True, "o1/1": False}
    assert [c.id for c in item.ungraded] == ["o2/0"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"question_id": "q1"}], "neither 'code_list' nor 'output_list'"),
        ([{"code_list": []}], "'question_id' is missing"),
        ([{"question_id": "q1", "code_list": [None]}], r"code_list\[0\].*null"),
        ([{"question_id": "q1", "code_list": ["a"], "graded_list": []}], "0 entries for 1"),
        ([{"question_id": "q1", "code_list": ["a"], "graded_list": [1]}], "graded_list"),
        ([{"question_id": "q1", "code_list": ["a"]}] * 2, "twice"),
        ([{"question_id": "q9", "code_list": ["a"]}], "'q9'.*problem file"),
    ],
)
def test_bad_outputs_are_named(tmp_path: Path, rows: list[dict[str, Any]], words: str) -> None:
    problems = write(tmp_path / "p.jsonl", [problem()])
    with pytest.raises(FormatError, match=words):
        livecodebench.load([problems], [write(tmp_path / "o.jsonl", rows)])


def test_the_real_files(shared_data: Path) -> None:
    folder = shared_data / "livecodebench"
    name = "Scenario.codegeneration_1_0.2_eval_all.json"
    found = livecodebench.load(
        [folder / "problems.jsonl"], [folder / "o1-mini" / name, folder / "o1-preview" / name]
    )
    items = found.items
    assert (len(items), found.without_samples) == (421, ())
    assert all(len(item.candidates) == 2 and not item.ungraded for item in items)
    right = [sum(item.verdicts.values()) for item in items]
    assert sum(right) == 295 + 237
    assert {test.kind for item in items for test in item.problem.public_tests} == {"stdin", "call"}
