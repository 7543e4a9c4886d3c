"""A judge that ``bestofn-train`` made from graded candidates, served as adapter and as one model.

Training has an environment of its own (``make test-training`` makes it), here as for users: no
versions of its packages and of vLLM's fit together for long. The example trains there and serves
its adapter with the vLLM of this environment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path

import pytest

from bestofn.backends.vllm import VLLMBackend
from bestofn.benchmarks import shipped
from bestofn.chat import ChatRequest, Message, Sampling
from bestofn.judges.llm import LLMJudge
from bestofn.select import aselect
from bestofn.tournaments import RoundRobin

ROOT = Path(__file__).resolve().parents[2]
TRAINING = ROOT / ".venv-training" / "bin" / "python"
GREEDY = Sampling(
    temperature=0, top_p=None, top_k=None, repetition_penalty=None, max_tokens=8, seed=0
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not TRAINING.exists(), reason="needs a trained judge: make test-training"),
]


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What the example left in its folder, and what it printed."""
    folder = tmp_path_factory.mktemp("circle") / "kept"
    command = [TRAINING, ROOT / "examples" / "train_judge.py", "--keep", folder]
    ended = subprocess.run(
        [*command, "--vllm", sys.executable],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return folder, ended.stdout


@pytest.fixture(scope="module")
def merged(
    circle: tuple[Path, str], serve: Callable[..., AbstractContextManager[int]]
) -> Iterator[str]:
    """The URL of a server with the merged model."""
    model = str(circle[0] / "judge" / "merged")
    with serve("--model", model, "--served-model-name", "judge", "--max-model-len", "4096") as port:
        yield f"http://127.0.0.1:{port}/v1"


def prompts(folder: Path, count: int) -> list[tuple[Message, ...]]:
    """Judge inputs that the judge was not trained on."""
    lines = (folder / "data" / "held_out.jsonl").read_text().splitlines()
    rows = [json.loads(line)["prompt"] for line in lines[:: len(lines) // count]]
    return [tuple(Message(**turn) for turn in row) for row in rows[:count]]


async def test_graded_candidates_become_a_judge_that_selects(circle: tuple[Path, str]) -> None:
    _, said = circle
    assert "served by vLLM" in said
    found = re.search(r"^(\d+) verdicts in (\d+) comparisons by vllm/judge$", said, re.MULTILINE)
    assert found, said
    verdicts, comparisons = map(int, found.groups())
    assert comparisons >= 4
    # Its base says noise, and never a verdict: what is read here was learned and was served.
    assert verdicts > comparisons / 2
    assert re.search(r"^best: \S+$", said, re.MULTILINE)


async def test_vllm_and_transformers_read_the_merged_model_alike(
    circle: tuple[Path, str], merged: str
) -> None:
    torch = import_module("torch")  # these tests are collected where it is not installed
    transformers = import_module("transformers")
    folder = circle[0]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder / "judge" / "merged")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "judge" / "merged")
    async with VLLMBackend("judge", base_url=merged).session() as session:
        for conversation in prompts(folder, 4):
            (reply,) = await session.ask(ChatRequest(messages=conversation, sampling=GREEDY))
            ids = tokenizer.apply_chat_template(
                [{"role": turn.role, "content": turn.content} for turn in conversation],
                add_generation_prompt=True,
                return_dict=True,
                return_tensors="pt",
            )
            with torch.no_grad():
                made = model.generate(**ids, do_sample=False, max_new_tokens=8)
            assert reply.usage.input_tokens == ids["input_ids"].shape[1]
            text = tokenizer.decode(made[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
            assert reply.text == text
            assert re.fullmatch(r"<selection>[12]</selection>", text)


async def test_the_merged_model_judges(merged: str) -> None:
    item = shipped.load(limit=1).items[0]
    judge = LLMJudge(
        VLLMBackend("judge", base_url=merged),
        sampling=Sampling(max_tokens=32),
        tournament=RoundRobin(),
        inputs=None,
    )
    chosen = await aselect(item.problem, item.candidates, judge=judge)
    winners = [comparison.winner for comparison in chosen.ranking.comparisons]
    assert len(winners) > 2
    assert sum(winner is not None for winner in winners) > len(winners) / 2
    assert chosen.best.id in chosen.ranking.order
