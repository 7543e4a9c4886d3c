"""What the README and the examples say is run, not believed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_the_readme_has_code():
    assert BLOCKS


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_readme_code_runs(number):
    """Blocks build on those before them, as they do for a reader."""
    run("-c", "\n".join(BLOCKS[: number + 1]))


def test_select_best_example():
    output = run("examples/select_best.py")
    assert re.search(r"^best: [014]$", output, flags=re.MULTILINE)
    assert "told apart by" in output


def test_agent_loop_example():
    output = run("examples/agent_loop.py")
    assert re.search(r"^median: candidate [12]$", output, flags=re.MULTILINE)
    assert re.search(r"^greeting: candidate [02]$", output, flags=re.MULTILINE)
