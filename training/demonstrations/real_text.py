"""Which of two real programs is right? Data weights against planted label noise.

A judge of 0.14 million parameters is trained from scratch on pairs of programs for HumanEval and
LiveCodeBench; in one domain the labels are wrong. Prints the accuracy on held-out problems of
training with and without data weights, beside controls that only look at the surface of programs.

    python training/demonstrations/real_text.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from bestofn_training.bilevel import DPO
from bestofn_training.weights import DomainTable, InstanceTable, Weighting
from common import Training, tiny_judge, train
from real_text_controls import better_generator, linear, longer, scored
from real_text_data import DOMAINS, POISONED, Row, Sides, load, poisoned, sides_of
from real_text_rows import CONTEXT, TextPairs, points, tokenizer_for
from real_text_scores import META_ONLY, Line, Outcome, line, table, weight_table

from bestofn.errors import BestOfNError

METHODS = (
    "no noise (ceiling)",
    "noisy domain left out (oracle)",
    "no weights",
    "no weights, meta data added",
    META_ONLY,
    "domain table",
    "instance table",
)
CONTROLS = (
    "longer program",
    "better generator",
    "linear, no noise",
    "linear, noise",
    "linear, meta data only",
)
FIRST_SEED = 10  # settings were chosen on splits 0 to 2
HIDDEN = 64
BETA = 1.0  # nothing is worth staying close to: the reference is random
TRAINING = Training(
    updates=60,
    batch=1,  # one gradient per pair is needed anyway, and little is padded
    accumulation=16,
    rate=3e-4,
    meta_batch=24,
    upper_rate=0.03,
    upper_after=5,
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One judge to be trained.

    Attributes:
        method: One of ``METHODS``.
        seed: Of everything.
        sides: The split, its labels as recorded.
        flipped: Share of the noisy domain's pairs that are told wrong in training.
        training: Lengths and rates, the same for all methods.
    """

    method: str
    seed: int
    sides: Sides
    flipped: float
    training: Training


def training_rows(method: str, sides: Sides, flipped: float, seed: int) -> tuple[Row, ...]:
    """What the lower level reads; meta and held-out rows are never made noisy."""
    noisy = poisoned(sides.training, flipped, seed)
    match method:
        case "no noise (ceiling)":
            return sides.training
        case "noisy domain left out (oracle)":
            return tuple(row for row in noisy if row.domain != POISONED)
        case "no weights, meta data added":
            return (*noisy, *sides.meta)
        case "meta data only":
            return sides.meta
        case _:
            return noisy


def run(task: Task) -> Outcome:
    """Train and measure one judge."""
    torch.set_num_threads(1)  # the rows are short: threads cost more than they bring
    sides = task.sides
    rows = training_rows(task.method, sides, task.flipped, task.seed)
    tokenizer = tokenizer_for(sides.training)
    read, meta, held_out = (
        TextPairs(r, tokenizer, DOMAINS) for r in (rows, sides.meta, sides.held_out)
    )
    judge = tiny_judge(vocabulary=len(tokenizer), context=CONTEXT, hidden=HIDDEN, seed=task.seed)
    weighting: Weighting | None = None
    if task.method == "domain table":
        weighting = DomainTable(DOMAINS)
    elif task.method == "instance table":
        weighting = InstanceTable(len(read))
    started = time.process_time()
    train(
        judge,
        DPO(beta=BETA),
        read,
        task.training,
        seed=task.seed,
        weighting=weighting,
        meta=None if weighting is None else meta,
    )
    seconds = time.process_time() - started
    return Outcome(
        method=task.method,
        seed=task.seed,
        points=tuple(points(judge, held_out)),
        weights=None if weighting is None else by_domain(weighting, rows),
        seconds=seconds,
    )


def by_domain(weighting: Weighting, rows: Sequence[Row]) -> tuple[float, ...]:
    """The learned weights in the order of ``DOMAINS``; of a weight per pair their means."""
    weights = weighting.snapshot()["weights"].tolist()
    if isinstance(weighting, DomainTable):
        return tuple(weights)
    pairs = rows[::2]
    counts = Counter(row.domain for row in pairs)
    sums: Counter[str] = Counter()
    for row, weight in zip(pairs, weights, strict=True):
        sums[row.domain] += weight
    return tuple(sums[name] / counts[name] if counts[name] else 0.0 for name in DOMAINS)


def controls(sides: Sides, flipped: float, seed: int) -> list[Outcome]:
    """What choosing by the surface comes to."""
    noisy = poisoned(sides.training, flipped, seed)
    found = (
        longer,
        better_generator(sides.training),
        linear(sides.training),
        linear(noisy),
        linear(sides.meta),
    )
    return [
        Outcome(method=name, seed=seed, points=scored(control, sides.held_out[::2]))
        for name, control in zip(CONTROLS, found, strict=True)
    ]


def measure(
    splits: Mapping[int, Sides], flipped: float, training: Training, jobs: int
) -> list[Line]:
    """Train all methods on all splits; a line for each method and control."""
    tasks = [
        Task(method=method, seed=seed, sides=sides, flipped=flipped, training=training)
        for seed, sides in splits.items()
        for method in METHODS
    ]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = []
        for outcome in pool.map(run, tasks):
            outcomes.append(outcome)
            right = sum(outcome.points) / len(outcome.points)
            note = f"split {outcome.seed}, {outcome.method}: {right:.3f} ({outcome.seconds:.0f} s)"
            print(f"{len(outcomes)}/{len(tasks)} {note}", file=sys.stderr)
    for seed, sides in splits.items():
        outcomes += controls(sides, flipped, seed)
    found = {name: [o for o in outcomes if o.method == name] for name in (*METHODS, *CONTROLS)}
    rows = {seed: sides.held_out[::2] for seed, sides in splits.items()}
    return [line(name, own, found[META_ONLY], rows) for name, own in found.items()]


def contents(splits: Mapping[int, Sides]) -> str:
    """How much data there is."""
    said = []
    for seed, sides in splits.items():
        parts = []
        for name in ("training", "meta", "held_out"):
            rows: tuple[Row, ...] = getattr(sides, name)
            counts = Counter(row.domain for row in rows)
            numbers = " + ".join(str(counts[domain] // 2) for domain in DOMAINS)
            problems = len({row.problem for row in rows})
            parts.append(f"{name.replace('_', ' ')} {numbers} pairs of {problems} problems")
        said.append(f"split {seed}: {'; '.join(parts)}")
    return "\n".join(said)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when done, 2 when the data cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="humaneval/ and livecodebench/")
    parser.add_argument("--seeds", type=int, default=5, help="splits, each with a judge anew (5)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--flipped", type=float, default=1.0, help="share of wrong labels (1.0)")
    parser.add_argument("--updates", type=int, default=TRAINING.updates, help="of each judge (60)")
    parser.add_argument("--limit", type=int, help="problems of HumanEval (all)")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    given = parser.parse_args(arguments)
    if given.seeds < 1 or given.jobs < 1 or not 0 <= given.flipped <= 1:
        parser.error("--seeds and --jobs must be at least 1, --flipped from 0 to 1")
    torch.set_num_threads(1)
    training = Training(**{**asdict(TRAINING), "updates": given.updates})
    started = time.perf_counter()
    try:
        benchmarks = load(given.data, limit=given.limit, jobs=given.jobs)
        seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
        splits = {seed: sides_of(benchmarks, seed) for seed in seeds}
        lines = measure(splits, given.flipped, training, given.jobs)
    except BestOfNError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    seconds = time.perf_counter() - started
    print(f"Domains: {', '.join(DOMAINS)}")
    print(f"Noise: {given.flipped:.0%} of the pairs of {POISONED} are told the wrong way round.\n")
    print(f"{contents(splits)}\n\n{table(lines)}\n\n{weight_table(lines)}\n\n{seconds:.0f} s")
    if given.json:
        made = {
            "flipped": given.flipped,
            "training": asdict(training),
            "seeds": list(seeds),
            "lines": [{**asdict(found), "verdict": found.verdict} for found in lines],
            "seconds": round(seconds, 1),
        }
        given.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
