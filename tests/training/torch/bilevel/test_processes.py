"""Training in other processes: killed ones, several together, one without Betty."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel.betty import INSTALL  # noqa: E402

RUN = """
import sys
import torch
from bestofn_training.bilevel import *
from bestofn_training.models import Judge, LoraSettings, Reply, add_lora, collate_preferences
from bestofn_training.models import trainable
from bestofn_training.models.tiny import tiny_model
from bestofn_training.weights import InstanceTable

def pairs(count, seed):
    numbers = torch.Generator().manual_seed(seed)
    def reply(prompt, n):
        drawn = torch.randint(3, 64, (n,), generator=numbers).tolist()
        return Reply(prompt=prompt, reply=tuple(drawn))
    made = []
    for place in range(count):
        prompt = tuple(torch.randint(3, 64, (5,), generator=numbers).tolist())
        made.append((reply(prompt, 3 + place % 3), reply(prompt, 4)))
    return lambda places: collate_preferences(
        [made[p] for p in places], places, [0] * len(places), padding=0)

def build(folder, batch=1, rank=0, world=1, meta=2, callbacks=(), hypergradient="closed"):
    torch.set_num_threads(1)
    torch.manual_seed(rank)  # adapters differ until the first process hands out its own
    judge = Judge(add_lora(tiny_model(vocabulary=64), LoraSettings(rank=4, alpha=8)))
    weights = InstanceTable(8)
    members = list(trainable(judge.model).values())
    schedule = Schedule(iterations=24, lower_accumulation=4, upper_accumulation=2)
    lower = LowerProblem(judge, DPO(), weights, torch.optim.Adam(members, lr=1e-3),
                         Stream(8, pairs(8, 1), batch=batch, rank=rank, world=world),
                         schedule, LowerSettings(hypergradient=hypergradient))
    upper = UpperProblem(judge, DPO(), weights, torch.optim.Adam(weights.parameters(), lr=1e-2),
                         Stream(6, pairs(6, 2), batch=meta, rank=rank, world=world), schedule)
    return JudgeEngine(lower, upper, checkpoints=Checkpoints(folder, every=1), callbacks=callbacks)

def result(run):
    return {"judge": [p.detach() for p in run.lower.trainable_parameters()],
            "weights": run.lower.weighting.table.detach()}
"""

SAY = """
def say(event):
    if isinstance(event, Saved):
        print(event.step, flush=True)
"""


def start(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out


def test_a_killed_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = RUN + "run = build(sys.argv[1]); run.run(); torch.save(result(run), sys.argv[2])"
    reference = start(whole, str(tmp_path / "a"), str(tmp_path / "whole.pt"))
    code = (
        RUN
        + SAY
        + "run = build(sys.argv[1], callbacks=[say]); run.resume(); run.run()\n"
        + "torch.save(result(run), sys.argv[2])"
    )
    said: list[int] = []
    for stop in (2, 3):  # the first life is ended after checkpoint 2, the second three later
        process = start(code, str(tmp_path / "b"), str(tmp_path / "cut.pt"))
        assert process.stdout is not None
        for _ in range(stop):
            said.append(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    said += [
        int(line)
        for line in finished(start(code, *map(str, (tmp_path / "b", tmp_path / "cut.pt")))).split()
    ]
    finished(reference)
    assert said[0] == 1
    assert said[-1] == 24
    a, b = (torch.load(tmp_path / f"{name}.pt") for name in ("whole", "cut"))
    assert all(torch.equal(x, y) for x, y in zip(a["judge"], b["judge"], strict=True))
    assert torch.equal(a["weights"], b["weights"])


@pytest.mark.parametrize("name", ["closed", "sama"])
def test_two_processes_do_what_one_does_with_twice_the_batch(tmp_path: Path, name: str) -> None:
    code = RUN + (
        "import torch.distributed as dist\n"
        "rank = int(sys.argv[3])\n"
        "dist.init_process_group('gloo', init_method='file://' + sys.argv[4], rank=rank, "
        "world_size=2)\n"
        "run = build(sys.argv[1], rank=rank, world=2, hypergradient=sys.argv[5])\n"
        "run.run(until=13)\n"
        "again = build(sys.argv[1], rank=rank, world=2, hypergradient=sys.argv[5])\n"
        "assert again.resume() and again.global_step == 13\n"
        "again.run()\n"
        "torch.save(result(again), sys.argv[2] + str(rank))\n"
        "dist.destroy_process_group()\n"
    )
    shared = (str(tmp_path / "two"), str(tmp_path / "two.pt"))
    meeting = str(tmp_path / "meeting")
    processes = [start(code, *shared, str(rank), meeting, name) for rank in range(2)]
    alone = RUN + (
        "run = build(sys.argv[1], batch=2, meta=4, hypergradient=sys.argv[3]); run.run()\n"
        "torch.save(result(run), sys.argv[2])"
    )
    finished(start(alone, str(tmp_path / "one"), str(tmp_path / "one.pt"), name))
    for process in processes:
        finished(process)
    one = torch.load(tmp_path / "one.pt")
    first, second = (torch.load(tmp_path / f"two.pt{rank}") for rank in range(2))
    for a, b, c in zip(first["judge"], second["judge"], one["judge"], strict=True):
        assert torch.equal(a, b)
        torch.testing.assert_close(a, c, rtol=1e-3, atol=1e-4)
    assert torch.equal(first["weights"], second["weights"])
    torch.testing.assert_close(first["weights"], one["weights"], rtol=1e-3, atol=1e-4)


def test_without_betty_the_message_is_what_to_type() -> None:
    code = (
        "import sys\n"
        "sys.modules['betty'] = None\n"
        "from bestofn_training.errors import MissingPackage\n"
        "try:\n"
        "    import bestofn_training.bilevel\n"
        "except MissingPackage as error:\n"
        "    print(error)\n"
    )
    assert finished(start(code)).strip().endswith(f"run: {INSTALL}")
