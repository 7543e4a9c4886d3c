"""The example of the whole circle, run as a reader runs it; with vLLM in ``tests/vllm``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("betty")

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "train_judge.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def test_from_graded_candidates_to_a_selection(tmp_path: Path) -> None:
    done = run("--keep", tmp_path / "kept")
    assert done.returncode == 0, done.stderr
    steps = re.findall(r"^\$ bestofn-train (\w+)", done.stdout, flags=re.MULTILINE)
    assert steps == ["data", "rollout", "train", "export"]
    assert "served by transformers" in done.stdout
    found = re.search(r"^(\d+) verdicts in (\d+) comparisons", done.stdout, flags=re.MULTILINE)
    assert found, done.stdout
    verdicts, comparisons = map(int, found.groups())
    assert comparisons >= 4
    assert verdicts > comparisons / 2  # the base gives none
    assert re.search(r"^best: \S+$", done.stdout, flags=re.MULTILINE)
    rows = (tmp_path / "kept" / "data" / "held_out.jsonl").read_text().splitlines()
    assert json.loads(rows[0])["problem_id"] in done.stdout
    again = run("--keep", tmp_path / "kept")
    assert again.returncode == 2
    assert "name a new folder" in again.stderr
