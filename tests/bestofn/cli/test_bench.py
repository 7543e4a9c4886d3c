"""``bestofn bench`` and ``bestofn demo`` on little files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import pytest


class Run(Protocol):
    def __call__(self, *arguments: object) -> CompletedProcess[str]: ...


def rows(result: dict[str, Any], group: str = "all") -> dict[str, Any]:
    (found,) = [entry for entry in result["groups"] if entry["name"] == group]
    return {row["selector"]: row for row in found["rows"]}


def test_livecodebench_from_its_files(
    bestofn: Run, livecodebench: tuple[Path, Path], tmp_path: Path
) -> None:
    problems, outputs = livecodebench
    arguments = (
        *("bench", "livecodebench", "--problems", problems, "--samples", outputs),
        *("--judge", "first", "--judge", "random", "--output", tmp_path / "out", "--jobs", 2),
    )
    done = bestofn(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == json.loads((tmp_path / "out" / "results.json").read_text())
    assert (result["schema"], result["schema_version"]) == ("bestofn.results", 1)
    assert result["arguments"]["judges"] == ["first", "random"]
    assert [group["name"] for group in result["groups"]] == ["easy", "hard", "all"]
    table = rows(result)
    # q0: the examples drop the wrong program. q1: both pass them; the first is wrong.
    assert table["random"]["accuracy"]["mean"] == 0.5
    assert table["examples only"]["accuracy"]["mean"] == 0.75
    assert table["first"]["accuracy"]["mean"] == 0.5
    assert table["oracle"]["accuracy"]["mean"] == 1.0
    pairs = result["groups"][-1]["pairs"]["first"]
    assert (pairs["right"], pairs["wrong"], pairs["undecided"]) == (1, 0, 1)
    q1 = next(problem for problem in result["problems"] if problem["id"] == "q1")
    assert q1["grades"]["verdicts"] == {"model/0": False, "model/1": True}
    assert q1["choices"]["first"]["right"] is False
    assert "2/2 problems" in done.stderr

    again = bestofn(*arguments)
    assert again.returncode == 0, again.stderr
    assert "6 step(s) taken over" in again.stdout
    for words in ("examples only *", "pairs in which exactly one", "isolation"):
        assert words in again.stdout


def test_without_examples_the_selector_sees_no_tests(
    bestofn: Run, livecodebench: tuple[Path, Path]
) -> None:
    problems, outputs = livecodebench
    done = bestofn(
        *("bench", "livecodebench", "--problems", problems, "--samples", outputs),
        *("--judge", "first", "--no-examples", "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert "examples only" not in rows(json.loads(done.stdout))


HUMANEVAL = {
    "task_id": "T/0",
    "prompt": 'def double(n):\n    """Twice n.\n    >>> double(2)\n    4\n    """\n',
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n",
}


def test_humaneval_is_graded_where_no_verdict_is_recorded(bestofn: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(HUMANEVAL) + "\n")
    completions = ["    return n * n\n", "    return 2 * n\n", "    return n + n\n"]
    (tmp_path / "s.jsonl").write_text(
        "".join(json.dumps({"task_id": "T/0", "completion": text}) + "\n" for text in completions)
    )
    done = bestofn(
        *("bench", "humaneval", "--problems", "p.jsonl", "--samples", "s.jsonl", "--json"),
        *("--judge", "consensus"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["problems"][0]["grades"]["verdicts"] == {
        "s/0": False,
        "s/1": True,
        "s/2": True,
    }
    assert rows(result)["consensus"]["accuracy"]["mean"] == 1.0


def test_files_that_do_not_belong_together(bestofn: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(HUMANEVAL) + "\n")
    (tmp_path / "s.jsonl").write_text('{"task_id": "T/7", "completion": ""}\n')
    done = bestofn("bench", "humaneval", "--problems", "p.jsonl", "--samples", "s.jsonl")
    assert done.returncode == 2
    assert "s.jsonl:1: task_id 'T/7' is not in the problem file" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupted_run_keeps_what_it_has(
    livecodebench: tuple[Path, Path], tmp_path: Path
) -> None:
    problems, outputs = livecodebench
    endless = {"question_id": "q1", "code_list": ["print(3)\n", "while True: pass\n"]}
    first_row = outputs.read_text().splitlines()[0]
    outputs.write_text(f"{first_row}\n{json.dumps(endless)}\n")
    arguments = (
        *("bench", "livecodebench", "--problems", problems, "--samples", outputs),
        *("--judge", "first", "--output", tmp_path / "out", "--jobs", "1"),
    )
    with subprocess.Popen(
        [sys.executable, "-m", "bestofn.cli", *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # A test run in the background ignores the signal, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    ) as process:
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            os.kill(process.pid, signal.SIGINT)
            rest = process.stderr.read()
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
    assert "1/2 problems" in first
    assert rest == "interrupted\n"
    assert not (tmp_path / "out" / "results.json").exists()
    kept = [json.loads(line) for line in (tmp_path / "out" / "rows.jsonl").read_text().splitlines()]
    assert [(row["problem"], row["kind"]) for row in kept[:2]] == [
        ("q0", "grades"),
        ("q0", "choice"),
    ]


def test_the_shipped_benchmark(bestofn: Run) -> None:
    done = bestofn("bench", "demo", "--limit", 2, "--judge", "first", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["problems"]) == 2
    assert rows(result)["oracle"]["accuracy"]["mean"] > 0


@pytest.mark.parametrize("n", [0, -1])
def test_counts_must_be_positive(bestofn: Run, livecodebench: tuple[Path, Path], n: int) -> None:
    problems, outputs = livecodebench
    done = bestofn("bench", "livecodebench", "--problems", problems, "--samples", outputs, "--n", n)
    assert done.returncode == 2


def test_demo_shows_choices_reasons_and_a_table(bestofn: Run) -> None:
    done = bestofn("demo")
    assert done.returncode == 0, done.stderr
    for words in ("the choice is right", "examples only *", "consensus", "oracle", "isolation"):
        assert words in done.stdout


BIGCODEBENCH = {
    "task_id": "B/0",
    "complete_prompt": 'def double(n):\n    """Twice n."""\n',
    "instruct_prompt": "Write double(n), which is twice n.",
    "code_prompt": "def double(n):",
    "entry_point": "double",
    "test": (
        "import unittest\nclass TestCases(unittest.TestCase):\n"
        "    def test_three(self):\n        self.assertEqual(double(3), 6)\n"
    ),
    "libs": "[]",
}


def test_bigcodebench_from_samples_and_from_results(bestofn: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(BIGCODEBENCH) + "\n")
    solutions = ["def double(n):\n    return n * n\n", "def double(n):\n    return 2 * n\n"]
    (tmp_path / "s.jsonl").write_text(
        "".join(json.dumps({"task_id": "B/0", "solution": text}) + "\n" for text in solutions)
    )
    recorded = [{"solution": solutions[0], "status": "pass", "details": {}}]
    (tmp_path / "m_eval_results.json").write_text(json.dumps({"eval": {"B/0": recorded}}))
    done = bestofn(
        *("bench", "bigcodebench", "--problems", "p.jsonl", "--split", "instruct", "--json"),
        *("--samples", "s.jsonl", "m_eval_results.json", "--judge", "first"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["problems"][0]["grades"]["verdicts"] == {
        "s/0": False,
        "s/1": True,
        "m_eval_results/0": True,
    }
    assert result["arguments"]["split"] == "instruct"
