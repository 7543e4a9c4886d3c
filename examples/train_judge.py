"""The whole circle on a CPU: graded candidates, a trained judge, a selection that it decides.

Every step but the last is a command of ``bestofn-train``, printed before it runs. Two stand-ins
make it work without downloads: a scripted teacher, and a model of some ten thousand random
parameters. That model learns how to give a verdict, not which program is right; with a real
teacher (``--judge``) and a real model (``model.name``) the steps are the same.

The judge is served by vLLM where it is installed, here or for the interpreter that ``--vllm``
names; else by transformers, behind the loopback server that bestofn has for tests.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from bestofn import LLMJudge, select
from bestofn.backends import VLLMBackend
from bestofn.benchmarks import shipped
from bestofn.judges.llm import JUDGE_SAMPLING
from bestofn.testing import Answer, Choice, FaultyServer, Received, judging

RECIPE = """\
loss = { kind = "sft" }                # learn to say what a right reply said ...
weights = { kind = "domain" }          # ... with one learned weight for each domain
model = { name = "tiny", dtype = "float32", compute = "float32", gradient_checkpointing = false }
lora = { rank = 16, alpha = 32 }
data = { lower = "lower.sft.jsonl", upper = "upper.sft.jsonl", held_out = "held_out.jsonl" }
lower = { rate = 1e-2, accumulation = 4, decay = "cosine" }
upper = { rate = 1e-2, accumulation = 2, after = 10 }
schedule = { iterations = 60, unit = "update" }
"""

guess = judging("random")


def teacher(received: Received, index: int) -> Answer:
    """Stands for a strong judge. It guesses; the rewards of a rollout find the right verdicts."""
    return str(guess(received, index)).splitlines()[-1]


def train_judge(folder: Path) -> Path:
    """From graded candidates to an exported judge."""
    data, run, judge = folder / "data", folder / "run", folder / "judge"
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    command("data", "demo", "--split", "random", "--output", data)
    with FaultyServer(answer=teacher).in_process() as server:
        asked = ("--judge", "vllm/teacher", "--base-url", server.url, "--n", "4")
        command("rollout", data / "lower.jsonl", data / "upper.jsonl", *asked)
    command("train", recipe, "--data", data, "--output", run)
    command("export", run, "--output", judge, "--merged")
    return judge


def command(*arguments: str | Path) -> None:
    """One step: its command, and what it says of its result."""
    words = [str(argument) for argument in arguments]
    print(f"\n$ {shlex.join(['bestofn-train', *words])}", flush=True)
    step = [sys.executable, "-m", "bestofn_training", *words]
    done = subprocess.run(step, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    print(done.stdout.rstrip(), flush=True)


@contextmanager
def served_by_vllm(judge: Path, python: str) -> Iterator[str]:
    """Serve the adapter beside its base, with the command of its own card; yields the URL."""
    card = json.loads((judge / "export.json").read_text())
    _vllm, _serve, base, *options = shlex.split(card["serve"]["adapter"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", base, *options]
    start += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"]
    start += ["--max-loras", "2", "--max-num-seqs", "16", "--kv-cache-memory-bytes", str(1 << 27)]
    start += ["--distributed-executor-backend", "uni"]
    lean = {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
    }
    with (judge.parent / "vllm.log").open("wb") as log:
        server = subprocess.Popen(start, env=os.environ | lean, stdout=log, stderr=log)
        try:
            while not answers(f"http://127.0.0.1:{port}/health"):
                if server.poll() is not None:
                    sys.exit(f"vLLM did not start:\n{Path(log.name).read_text()[-2000:]}")
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait()


def answers(url: str) -> bool:
    """Whether a server is there already."""
    try:
        with urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def served_by_transformers(judge: Path) -> Iterator[str]:
    """Serve the merged model, slowly and one request after the other; yields the URL."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(judge / "merged")
    model = AutoModelForCausalLM.from_pretrained(judge / "merged")

    def answer(received: Received, index: int) -> Answer:
        prompt = tokenizer.apply_chat_template(
            received.body["messages"],
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
        )
        settings = ("temperature", "top_p", "top_k", "repetition_penalty")
        given = {name: received.body[name] for name in settings if name in received.body}
        torch.manual_seed(received.rng(index).getrandbits(32))
        longest = received.body["max_tokens"]
        made = model.generate(**prompt, **given, do_sample=True, max_new_tokens=longest)
        reply = made[0, prompt["input_ids"].shape[1] :]
        ended = reply[-1] == tokenizer.eos_token_id
        text = tokenizer.decode(reply, skip_special_tokens=True)
        return Choice(text=text, finish_reason="stop" if ended else "length")

    with FaultyServer(answer=answer, model=judge.name).in_process() as server:
        yield server.url


def choose(folder: Path, url: str) -> None:
    """Let the judge decide a problem that it was not trained on."""
    unseen = json.loads((folder / "data" / "held_out.jsonl").open().readline())["problem_id"]
    item = next(item for item in shipped.load().items if item.problem.id == unseen)
    brief = replace(JUDGE_SAMPLING, max_tokens=32)
    judge = LLMJudge(VLLMBackend("judge", base_url=url), sampling=brief, swap="both")
    selection = select(item.problem, item.candidates, judge=judge)
    verdicts = [comparison.winner is not None for comparison in selection.ranking.comparisons]
    print(f"problem: {unseen}, {len(item.candidates)} candidates")
    print(f"{sum(verdicts)} verdicts in {len(verdicts)} comparisons by {selection.judge}")
    print(f"best: {selection.best.id}")


def main() -> None:
    """Train, serve, select."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="a new folder to leave everything in"
    )
    parser.add_argument("--vllm", metavar="PYTHON", help="an interpreter that has vLLM")
    wanted = parser.parse_args()
    if wanted.keep is not None and wanted.keep.exists():
        parser.error(f"--keep: {wanted.keep} is there already; name a new folder")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads only wait for each other here
    vllm = wanted.vllm or (sys.executable if find_spec("vllm") else None)
    with tempfile.TemporaryDirectory() as passing:
        folder = wanted.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        judge = train_judge(folder)
        print(f"\nserved by {'vLLM' if vllm else 'transformers'}")
        serving = served_by_vllm(judge, vllm) if vllm else served_by_transformers(judge)
        with serving as url:
            choose(folder, url)


if __name__ == "__main__":
    main()
