"""``bestofn select`` on little programs."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Protocol

import pytest


class Run(Protocol):
    def __call__(self, *arguments: object) -> CompletedProcess[str]: ...


def test_json_is_pure_and_says_everything(bestofn: Run, task: Path) -> None:
    done = bestofn(
        "select", "--problem", task / "problem.json", "--candidates", task / "candidates", "--json"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "bestofn.selection"
    assert found["best"]["id"] in ("right", "also_right", "copy")
    assert found["judge"] == "consensus"
    assert found["evidence"]["isolation"] in ("basic", "light", "full")
    assert found["evidence"]["programs_run"] > 0
    reasons = {rejection["id"]: rejection["by"] for rejection in found["rejected"]}
    assert reasons["wrong"] == "public_tests"
    assert "duplicates" in reasons.values()


def test_text_says_what_and_why(bestofn: Run, task: Path) -> None:
    done = bestofn(
        "select", "--problem", task / "problem.json", "--candidates", task / "candidates"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Best: ")
    for words in ("of 4 candidates", "Dropped before judging", "wrong: ", "isolation: "):
        assert words in done.stdout


def test_a_text_statement_and_single_files(bestofn: Run, task: Path) -> None:
    (task / "task.md").write_text("Read two integers on one line and print their sum.")
    files = sorted((task / "candidates").glob("*.py"))
    done = bestofn(
        "select",
        "--judge",
        "first",
        "--problem",
        task / "task.md",
        "--json",
        "--candidates",
        *files,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["best"]["id"] == "also_right"


def test_a_seed_repeats(bestofn: Run, task: Path) -> None:
    chosen = {
        json.loads(
            bestofn(
                *("select", "--problem", task / "problem.json", "--candidates"),
                *(task / "candidates", "--judge", "random", "--seed", 5, "--json"),
            ).stdout
        )["best"]["id"]
        for _ in range(2)
    }
    assert len(chosen) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--problem": "none.json"}, "none.json: there is no such file"),
        ({"--candidates": "none.py"}, "none.py: there is no such file"),
        ({"--judge": "gpt"}, "judge: there is no 'gpt'"),
        ({"--problem": "broken.json"}, "'statement' is missing"),
        ({"--candidates": "."}, "without *.py files"),
        ({"--problem": "array.json"}, "array.json: must be a JSON object, got an array"),
        ({"--problem": "/dev/zero"}, "/dev/zero: is a device"),
        ({"--candidates": "latin"}, "latin: is not the text that it declares, or UTF-8"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(
    bestofn: Run, task: Path, changes: dict[str, str], words: str
) -> None:
    (task / "broken.json").write_text("{}")
    (task / "array.json").write_text("[1]")
    (task / "latin").write_bytes(b"print('\xe9')")
    options = {"--problem": "problem.json", "--candidates": "candidates", **changes}
    done = bestofn("select", *(part for option in options.items() for part in option))
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_problem_file_may_hold_a_tolerance_and_a_checker(bestofn: Run, task: Path) -> None:
    checker = "def check(input, expected, output):\n    return float(output) ** 2 == float(input)\n"
    problem = {
        "statement": "Print a square root of n.\n\nInput: n.\nOutput: one number.",
        "tolerance": 1e-3,
        "public_tests": [{"kind": "stdin", "input": "4", "expected": "2.0"}],
    }
    programs = {"minus": "print(-2)", "near": "print(2.001)", "none": "print(5)"}
    folder = task / "roots"
    folder.mkdir()
    for name, code in programs.items():
        (folder / f"{name}.py").write_text(code)
    kept = {}
    for checked in (False, True):
        path = task / "roots.json"
        path.write_text(json.dumps({**problem, **({"checker": checker} if checked else {})}))
        done = bestofn(
            *("select", "--problem", path, "--candidates", folder, "--judge", "first", "--json")
        )
        shown = json.loads(done.stdout)
        kept[checked] = sorted(set(programs) - {r["id"] for r in shown["rejected"]})
    assert kept == {False: ["near"], True: ["minus"]}


def test_a_checker_that_fails_is_said_in_one_line(bestofn: Run, task: Path) -> None:
    path = task / "broken_checker.json"
    path.write_text(
        json.dumps(
            {
                "statement": "Print it.",
                "checker": "def check(input, expected, output): return None",
                "public_tests": [{"kind": "stdin", "input": "4", "expected": "2"}],
            }
        )
    )
    done = bestofn("select", "--problem", path, "--candidates", task / "candidates")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Problem.checker: returned None" in done.stderr
    assert len(done.stderr.splitlines()) == 1
