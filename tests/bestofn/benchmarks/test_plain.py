"""The package's own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bestofn.benchmarks.plain import read_candidates, read_folder, read_item, read_problem
from bestofn.errors import FormatError, InvalidInput

PROBLEM = {
    "statement": "Add.",
    "entry_point": "add",
    "difficulty": "easy",
    "public_tests": [{"kind": "call", "input": [1, 2], "expected": 3}],
}


def test_a_problem_as_json_and_as_text(tmp_path: Path) -> None:
    (tmp_path / "sum.json").write_text(json.dumps(PROBLEM))
    (tmp_path / "task.md").write_text("# Add\nAdd two numbers.")
    problem = read_problem(tmp_path / "sum.json")
    assert (problem.id, problem.entry_point) == ("sum", "add")
    assert problem.public_tests[0].input == (1, 2)
    assert (problem.tolerance, problem.checker) == (0.0, "")
    assert read_problem(tmp_path / "task.md").statement.startswith("# Add")


def test_how_a_problem_is_graded_is_read_too(tmp_path: Path) -> None:
    checker = "def check(input, expected, output):\n    return True\n"
    (tmp_path / "p.json").write_text(json.dumps({**PROBLEM, "tolerance": 1, "checker": checker}))
    problem = read_problem(tmp_path / "p.json")
    assert (problem.tolerance, problem.checker) == (1, checker)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "'statement' is missing"),
        ({"statement": "a", "tests": []}, "'tests' is not known"),
        ({"statement": ""}, "statement: is empty"),
        ({"statement": 3}, "'statement'.*a number"),
        ([], "object|dictionary"),
        ({**PROBLEM, "entry_point": None}, "entry_point"),
        ({**PROBLEM, "public_tests": [{"kind": "calls", "input": []}]}, r"public_tests\[0\].kind"),
        ({**PROBLEM, "public_tests": [{"kind": "call", "input": 3}]}, r"public_tests\[0\]"),
        ({**PROBLEM, "tolerance": "1e-6"}, "'tolerance'.*a string"),
        ({**PROBLEM, "tolerance": -1}, "Problem.tolerance"),
        ({**PROBLEM, "tolerance": float("nan")}, "Problem.tolerance"),
        ({**PROBLEM, "checker": "def verify(): pass"}, "Problem.checker: must define check"),
        ({**PROBLEM, "checker": ["def check(input, expected, output): pass"]}, "'checker'"),
    ],
)
def test_bad_problems_are_named(tmp_path: Path, value: Any, words: str) -> None:
    (tmp_path / "p.json").write_text(json.dumps(value))
    with pytest.raises(FormatError, match=words) as caught:
        read_problem(tmp_path / "p.json")
    assert str(tmp_path / "p.json") in str(caught.value)


def test_candidates_from_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "b.py").write_text("b")
    (folder / "a.py").write_text("a")
    (folder / "notes.txt").write_text("not a program")
    (tmp_path / "c.py").write_text("c")
    (tmp_path / "rows.jsonl").write_text('{"id": "d", "code": "d", "score": 2}\n')
    found = read_candidates([folder, tmp_path / "c.py", tmp_path / "rows.jsonl"])
    assert [(c.id, c.code) for c in found] == [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")]
    assert found[3].metadata == {"score": 2}


def test_equal_names_get_their_paths(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(name)
    found = read_candidates([tmp_path / "x", tmp_path / "y"])
    assert [c.id for c in found] == [(tmp_path / n / "a.py").as_posix() for n in "xy"]


def test_bad_candidates_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="candidates"):
        read_candidates([])
    with pytest.raises(FormatError, match=r"without \*.py"):
        read_candidates([tmp_path])
    with pytest.raises(FormatError, match="no such file"):
        read_candidates([tmp_path / "none.py"])
    (tmp_path / "r.jsonl").write_text('{"id": "a", "code": "1"}\n{"id": "a", "code": "2"}\n')
    with pytest.raises(InvalidInput, match="two have the id 'a'"):
        read_candidates([tmp_path / "r.jsonl"])
    (tmp_path / "s.jsonl").write_text('{"id": "", "code": "1"}\n')
    with pytest.raises(FormatError, match=r"s\.jsonl:1.*Candidate.id"):
        read_candidates([tmp_path / "s.jsonl"])


def make_item(folder: Path, verdicts: Any = None) -> Path:
    (folder / "candidates").mkdir(parents=True)
    (folder / "problem.json").write_text(json.dumps(PROBLEM))
    (folder / "hidden_tests.json").write_text(json.dumps(PROBLEM["public_tests"]))
    (folder / "candidates" / "a.py").write_text("def add(a, b): return a + b")
    if verdicts is not None:
        (folder / "verdicts.json").write_text(json.dumps(verdicts))
    return folder


def test_a_folder_is_an_item(tmp_path: Path) -> None:
    item = read_item(make_item(tmp_path / "sum", {"a": True}))
    assert item.problem.id == "sum"
    assert item.verdicts == {"a": True}
    assert item.hidden_tests[0].expected == 3
    make_item(tmp_path / "ungraded")
    items = read_folder(tmp_path)
    assert [i.problem.id for i in items] == ["sum", "ungraded"]
    assert items[1].ungraded == items[1].candidates
    assert len(read_folder(tmp_path, limit=1)) == 1


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no folder with a problem\.json"):
        read_folder(tmp_path)
    with pytest.raises(FormatError, match="a must be true or false, got a number"):
        read_item(make_item(tmp_path / "one", {"a": 1}))
    with pytest.raises(FormatError, match="'z'"):
        read_item(make_item(tmp_path / "two", {"z": True}))
