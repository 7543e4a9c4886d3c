"""The command line of data and rollout, on the shipped problems and on real data sets."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from bestofn_training.cli import app
from bestofn_training.data import JudgeInput, check_rows, read_rows
from typer.testing import CliRunner

from bestofn.testing import FaultyServer, judging


def call(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout, result.stderr


def rows(folder, side) -> list[JudgeInput]:
    return [row for _, row in read_rows(folder / f"{side}.jsonl", JudgeInput)]


def test_from_the_shipped_problems_to_rows_of_every_kind(tmp_path):
    out, _ = call("data", "demo", "--split", "random", "--max-sets", "2", "--output", tmp_path)
    assert "judge inputs of demo" in out
    assert "no right candidate" in out
    with FaultyServer(answer=judging("random")).in_process() as server:
        arguments = (
            "rollout", tmp_path / "lower.jsonl", tmp_path / "upper.jsonl",
            "--judge", "vllm/any", "--base-url", server.url, "--n", 4,
        )  # fmt: skip
        first, _ = call(*arguments)
        count = server.count
        second, error = call(*arguments)
        assert server.count == count
        printed, _ = call(*arguments, "--json")
    assert first == second
    assert re.search(r"^0 replies from models, \d+ from the journal$", error, re.MULTILINE)
    parts = json.loads(printed)
    card = json.loads((tmp_path / "card.json").read_text())
    assert parts == card["rollouts"]
    assert card["split"]["rule"] == "random"
    for side in ("lower", "upper"):
        for kind in ("preferences", "kto", "sft", "replies"):
            assert (tmp_path / f"{side}.{kind}.jsonl").stat().st_size > 0


def test_json_is_all_that_is_printed(tmp_path):
    out, _ = call("data", "demo", "--split", "random", "--json", "--output", tmp_path)
    assert json.loads(out)["sides"] == json.loads((tmp_path / "card.json").read_text())["sides"]


def test_livecodebench_by_date_with_a_weak_and_a_strong_model(shared_data, tmp_path):
    folder = shared_data / "livecodebench"
    samples = sorted(folder.glob("*/*.json"))
    call(
        "data", "livecodebench", "--problems", folder / "problems.jsonl",
        "--samples", *samples,
        "--split", "temporal", "--lower-until", "2024-03-01", "--upper-until", "2024-10-01",
        "--need-domain", "atcoder-medium", "--output", tmp_path,
    )  # fmt: skip
    for side, first, end in (
        ("lower", "2023-01-01", "2024-03-01"),
        ("upper", "2024-03-01", "2024-10-01"),
        ("held_out", "2024-10-01", "2026"),
    ):
        found = rows(tmp_path, side)
        assert found
        assert all(first <= row.date < end for row in found)
        assert {row.generator for row in found} == {"o1-mini+o1-preview"}
        assert {row.domain for row in found} <= {
            f"{platform}-{difficulty}"
            for platform in ("atcoder", "leetcode", "codeforces")
            for difficulty in ("easy", "medium", "hard")
        }
    out, error = call(
        "data", "livecodebench", "--problems", folder / "problems.jsonl",
        "--samples", *samples, "--split", "temporal", "--weak", "o1-mini", "--output", tmp_path,
        code=2,
    )  # fmt: skip
    assert out == ""
    assert "lower: no judge input came of its 292 problem(s)" in error.replace("\n", " ")


def test_humaneval_by_difficulty(shared_data, tmp_path):
    folder = shared_data / "humaneval"
    call(
        "data", "humaneval", "--problems", folder / "problems.jsonl",
        "--samples", folder / "davinci_20_samples.jsonl",
        "--split", "difficulty", "--among", "usable", "--held-out", "0.1", "--k", "3",
        "--max-sets", "2", "--output", tmp_path,
    )  # fmt: skip
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["retention"]["generators"]["davinci_20_samples"]["candidates"] == 1600
    assert {row.domain for row in rows(tmp_path, "lower")} == {"humaneval"}
    assert all(len(row.order) == 3 for row in rows(tmp_path, "upper"))
    sides = ("lower", "upper", "held_out")
    problems = {row.problem_id for side in sides for row in rows(tmp_path, side)}
    assert len(problems) == sum(side["problems"] for side in card["sides"].values())


def test_a_folder_of_ones_own_and_held_out_by_name(tmp_path):
    for number in range(4):
        folder = tmp_path / "mine" / f"task-{number}"
        (folder / "candidates").mkdir(parents=True)
        problem = {"statement": f"Print {number}.", "metadata": {"team": "ab"[number % 2]}}
        (folder / "problem.json").write_text(json.dumps(problem))
        (folder / "hidden_tests.json").write_text(
            json.dumps([{"kind": "stdin", "input": "", "expected": f"{number}\n"}])
        )
        for name, value in (("good", number), ("bad", 99)):
            (folder / "candidates" / f"{name}.py").write_text(f"print({value})\n")
        (folder / "verdicts.json").write_text(json.dumps({"good": True, "bad": False}))
    ids = tmp_path / "ids.txt"
    ids.write_text("task-2\n")
    call(
        "data", "folder", "--problems", tmp_path / "mine", "--split", "difficulty",
        "--held-out-ids", ids, "--domain", "column:team", "--output", tmp_path / "out",
    )  # fmt: skip
    assert {row.problem_id for row in rows(tmp_path / "out", "held_out")} == {"task-2"}
    assert check_rows(tmp_path / "out" / "lower.jsonl", JudgeInput) == 4
    assert {row.domain for row in rows(tmp_path / "out", "held_out")} == {"a"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("data", "demo", "--split", "random", "--domain", "x", "--output", "o"), "domain: 'x'"),
        (("data", "demo", "--split", "temporal", "--output", "o"), "no date: 14"),
        (("data", "demo", "--split", "random", "--context", "9", "--output", "o"), "tokenizer"),
        (("rollout", "absent.jsonl", "--judge", "vllm/x"), "absent.jsonl: cannot be read"),
        (("rollout", "absent.jsonl", "--judge", "nobody"), "'nobody' is none"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    out, error = call(*arguments, code=2)
    assert out == ""
    assert words in error
    assert "Traceback" not in error


def test_the_module_runs_and_needs_no_torch():
    code = (
        "import sys; before = set(sys.modules); import bestofn_training.cli; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert not {"torch", "transformers", "peft", "trl", "betty", "accelerate"} & set(loaded)
    version = [sys.executable, "-m", "bestofn_training", "--version"]
    done = subprocess.run(version, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("bestofn-train ")
