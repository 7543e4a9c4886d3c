"""What the README and the examples say is run, not believed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bestofn.testing import FaultyServer, either, judging, programming

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


ADD = "a, b = map(int, input().split())\nprint(a + b)"
SUBTRACT = "a, b = map(int, input().split())\nprint(a - b)"


@pytest.fixture(scope="module")
def model() -> Iterator[dict[str, str]]:
    """The environment of a user who has a key: it leads to the loopback server."""
    answer = either(judging("longest"), programming([ADD, SUBTRACT]))
    with FaultyServer(answer=answer).in_process() as server:
        yield {**os.environ, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "any"}


def run(*arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_the_readme_has_code():
    assert BLOCKS


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_readme_code_runs(number, model, tmp_path):
    """Blocks build on those before them, as they do for a reader."""
    run("-c", "\n".join(BLOCKS[: number + 1]), cwd=tmp_path, env=model)


def test_select_best_example():
    output = run("examples/select_best.py")
    assert re.search(r"^best: [014]$", output, flags=re.MULTILINE)
    assert "told apart by" in output


def test_agent_loop_example():
    output = run("examples/agent_loop.py")
    assert re.search(r"^median: candidate [12]$", output, flags=re.MULTILINE)
    assert re.search(r"^greeting: candidate [02]$", output, flags=re.MULTILINE)


def test_model_judge_example():
    output = run("examples/model_judge.py")
    assert output.count("best: 1") == 2
    paid = re.findall(r"(\d+) paid", output)
    assert paid[0] == paid[1], "the second time everything is in the journal"
