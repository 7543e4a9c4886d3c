"""The command line as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
PROGRAMS = {
    "right": ADD,
    "also_right": "print(sum(int(word) for word in input().split()))\n",
    "copy": "# a copy\n" + ADD,
    "wrong": "a, b = map(int, input().split())\nprint(a - b)\n",
}


@pytest.fixture
def bestofn(tmp_path: Path) -> Run:
    """Run ``bestofn`` with arguments, in an empty folder, without a terminal."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bestofn.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
            timeout=120,
        )

    return run


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A folder with ``problem.json`` and ``candidates/``."""
    (tmp_path / "candidates").mkdir()
    for name, code in PROGRAMS.items():
        (tmp_path / "candidates" / f"{name}.py").write_text(code)
    problem = {
        "statement": "Read two integers on one line and print their sum.",
        "public_tests": [{"kind": "stdin", "input": "1 2\n", "expected": "3\n"}],
    }
    (tmp_path / "problem.json").write_text(json.dumps(problem))
    return tmp_path


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def livecodebench(tmp_path: Path) -> tuple[Path, Path]:
    """A problem file and an output file in LiveCodeBench's formats; q0 is easy, q1 hard."""
    test = {"input": "1 2\n", "output": "3\n", "testtype": "stdin"}
    hidden = {"input": "5 6\n", "output": "11\n", "testtype": "stdin"}
    problems = [
        {
            "question_title": "Sum",
            "question_content": "Read two integers on one line and print their sum.",
            "platform": "atcoder",
            "question_id": f"q{number}",
            "difficulty": difficulty,
            "starter_code": "",
            "public_test_cases": json.dumps([test]),
            "private_test_cases": json.dumps([hidden]),
            "metadata": "{}",
        }
        for number, difficulty in enumerate(("easy", "hard"))
    ]
    outputs = [
        {"question_id": "q0", "code_list": [PROGRAMS["right"], PROGRAMS["wrong"]]},
        {"question_id": "q1", "code_list": ["print(3)\n", PROGRAMS["right"]]},
    ]
    return (
        write_rows(tmp_path / "problems.jsonl", problems),
        write_rows(tmp_path / "model.jsonl", outputs),
    )
