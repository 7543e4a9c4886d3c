"""The work that the training benchmarks time, one way of doing it per process.

``python training_work.py JSON`` does what a :class:`Work` says and prints a :class:`Cost` as JSON.
A process of its own, because memory that one way has asked for stays with the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from training_flops import Shape

if TYPE_CHECKING:
    from bestofn_training.bilevel import JudgeEngine
    from bestofn_training.models import Batch

Way = Literal["none", "darts", "sama", "closed", "exact", "grpo"]
WAYS: tuple[Way, ...] = ("none", "darts", "sama", "closed", "exact")
MODELS = ("small", "tiny", "qwen3-1.7b")

_WARM = 1  # updates before the clock starts: buffers are made, Adam gets its moments
_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Work:
    """What to do.

    Attributes:
        way: A hypergradient; ``none`` trains without an upper level; ``grpo`` draws and trains.
        model: ``small`` is for a CPU, ``tiny`` for tests; the third is the architecture of
            Qwen3-1.7B with random weights.
        device: ``cpu`` or ``cuda``.
        sequence: Tokens of a prompt with its reply.
        reply: Tokens of the reply.
        accumulation: Micro-batches of one sample per lower update.
        updates: How many to time.
        group: Replies to a prompt (``grpo``).
    """

    way: Way
    model: str
    device: str = "cpu"
    sequence: int = 192
    reply: int = 48
    accumulation: int = 16
    updates: int = 3
    group: int = 16


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one process measured.

    Attributes:
        wall: Seconds of each lower update, its meta batch included.
        processor: Likewise seconds of the processor; on an idle machine the same, with one thread.
        drawing: Seconds of each update spent drawing replies (``grpo``).
        memory: Peak in MiB: of the device, on a CPU of the process.
        tokens: Tokens trained on per update, the meta batch's included.
        drawn: Tokens drawn per update.
        flops: Operations that an update needs, without drawing, see :mod:`training_flops`.
        device: Its name.
        failed: Why there are no numbers.
    """

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    drawing: list[float] = field(default_factory=list)
    memory: float = 0.0
    tokens: int = 0
    drawn: int = 0
    flops: float = 0.0
    device: str = "cpu"
    failed: str = ""


def in_own_process(work: Work) -> Cost:
    """Do it elsewhere, with one thread where the processor computes.

    Raises:
        RuntimeError: with what the process said last.
    """
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(asdict(work))],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{work.way} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(work: Work) -> Cost:
    """Do it here."""
    import torch
    from bestofn_training.errors import OutOfMemory

    torch.manual_seed(0)
    cuda = work.device == "cuda"
    if cuda and not torch.cuda.is_available():
        return Cost(device="none", failed="there is no CUDA device")
    wait: Callable[[], None] = torch.cuda.synchronize if cuda else lambda: None
    name = torch.cuda.get_device_name() if cuda else "cpu"
    wall, processor, drawing = [], [], []
    try:
        engine, clock, shape = build(work, wait)
        for update in range(_WARM + work.updates):
            if update == _WARM and cuda:
                torch.cuda.reset_peak_memory_stats()
            clock.seconds = 0.0
            wait()
            started = time.perf_counter(), time.process_time()
            engine.run(until=(update + 1) * work.accumulation)
            wait()
            if update >= _WARM:
                wall.append(time.perf_counter() - started[0])
                processor.append(time.process_time() - started[1])
                drawing.append(clock.seconds)
    except (OutOfMemory, torch.OutOfMemoryError):
        return Cost(device=name, failed="out of memory")
    grpo = work.way == "grpo"
    samples = work.accumulation + (0 if work.way in ("none", "grpo") else 1)
    rows = work.group if grpo else 2
    sizes = work.sequence, work.reply
    return Cost(
        wall=wall,
        processor=processor,
        drawing=drawing if grpo else [],
        memory=torch.cuda.max_memory_allocated() / _MIB if cuda else peak_of_process(),
        tokens=samples * rows * work.sequence,
        drawn=samples * work.group * work.reply if grpo else 0,
        flops=samples * (shape.group(*sizes, work.group) if grpo else shape.preference(*sizes)),
        device=name,
    )


def build(work: Work, wait: Callable[[], None]) -> tuple[JudgeEngine, Clock, Shape]:
    """A run of the wanted kind, the clock of its drawing, and the shape of its model."""
    import torch
    from bestofn_training.bilevel import (
        DPO,
        GRPO,
        JudgeEngine,
        LowerProblem,
        LowerSettings,
        Objective,
        Schedule,
        Stream,
        UpperProblem,
    )
    from bestofn_training.models import trainable
    from bestofn_training.weights import InstanceTable, NoWeights, Weighting
    from training_parts import INPUTS, groups, make_judge, pairs, shape_of

    judge = make_judge(work)
    fetch = groups(work, judge) if work.way == "grpo" else pairs(work)
    clock = Clock(fetch, wait)
    objective: Objective = GRPO() if work.way == "grpo" else DPO()
    two_levels = work.way not in ("none", "grpo")
    weighting: Weighting = InstanceTable(work.accumulation) if two_levels else NoWeights()
    weighting.to(work.device)
    size = INPUTS if work.way == "grpo" else work.accumulation
    schedule = Schedule(
        iterations=_WARM + work.updates,
        unit="update",
        lower_accumulation=work.accumulation,
        upper_accumulation=8,
    )
    members = list(trainable(judge.model).values())
    lower = LowerProblem(
        judge,
        objective,
        weighting,
        torch.optim.Adam(members, lr=1e-6),
        Stream(size, clock),
        schedule,
        LowerSettings(hypergradient=work.way if two_levels else None),  # type: ignore[arg-type]
    )
    upper = None
    if two_levels:
        upper = UpperProblem(
            judge,
            objective,
            weighting,
            torch.optim.Adam(weighting.parameters(), lr=1e-4),
            Stream(size, fetch, seed=1),
            schedule,
        )
    return JudgeEngine(lower, upper), clock, shape_of(judge)


class Clock:
    """Fetches batches and adds up the seconds that it takes."""

    def __init__(self, fetch: Callable[[Sequence[int]], Batch], wait: Callable[[], None]) -> None:
        self.fetch, self.wait, self.seconds = fetch, wait, 0.0

    def __call__(self, places: Sequence[int]) -> Batch:
        self.wait()
        started = time.perf_counter()
        batch = self.fetch(places)
        self.wait()
        self.seconds += time.perf_counter() - started
        return batch


def peak_of_process() -> float:
    """The most memory that this process ever had, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Work(**json.loads(sys.argv[1]))))))
