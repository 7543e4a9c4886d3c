"""What the README and the example say is run, not believed."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bestofn.testing import FaultyServer, Received

ROOT = Path(__file__).resolve().parents[3] / "integrations" / "langchain"
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PROGRAMS = itertools.cycle(("print(1)", "a, b = map(int, input().split())\nprint(a + b)"))


@pytest.fixture(scope="module")
def model(provide: Callable, talk: Callable) -> Iterator[dict[str, str]]:
    """The environment of a user who has a key: it leads to the loopback server."""

    def answer(received: Received, index: int) -> str:
        if "Example input" in received.prompt and "tool" not in received.body:
            return f"```python\n{next(PROGRAMS)}\n```"
        return talk(received, index)

    with FaultyServer(provide, answer=answer).in_process() as server:
        yield {**os.environ, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "any"}


def run(*arguments: str, cwd: Path, env: dict[str, str]) -> str:
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
    return done.stdout


def test_the_complete_example_is_short():
    assert len(BLOCKS[0].strip().splitlines()) < 20


def test_the_complete_example_runs_alone(model, tmp_path):
    output = run("-c", BLOCKS[0], cwd=tmp_path, env=model)
    assert output.startswith("The cat sat down")
    assert "'calls': 12" in output


def test_all_of_the_readme_runs(model, tmp_path):
    """Blocks build on those before them, as they do for a reader."""
    output = run("-c", "\n".join(BLOCKS), cwd=tmp_path, env=model)
    assert "print(a + b)" in output
    assert "Warm since 4 am." in output


def test_the_graph_maps_and_selects(model, tmp_path):
    example = str(ROOT / "examples" / "map_select.py")
    output = run(
        example, "Write a slogan for a bakery.", "openai:loopback", cwd=tmp_path, env=model
    )
    assert output.startswith("best: The cat sat down")
    scores = re.search(r"^scores: \{(.*)\}$", output, flags=re.MULTILINE)
    assert scores is not None
    assert scores[1].count(":") == 4


def test_verdicts_are_not_streamed_as_answers(chat_at, model):
    spec = importlib.util.spec_from_file_location("map_select", ROOT / "examples/map_select.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    chat = chat_at(model["OPENAI_BASE_URL"], disable_streaming=True)
    graph = example.graph_of(chat)
    pieces = [it.text for it, _ in graph.stream({"task": "A slogan."}, stream_mode="messages")]
    assert len(pieces) == 4
    assert all(piece.startswith("The cat sat down") for piece in pieces)
