"""What learning the weights costs on one GPU, at full size.

    .venv-training/bin/python tests/perf/bench_training_gpu.py
    .venv-training/bin/python tests/perf/bench_training_gpu.py --tiny    # on any processor

The architecture of Qwen3-1.7B with random weights in bfloat16, adapters of rank 32 in float32,
sequences of 4,096 tokens, gradient checkpointing (not for ``exact``, which differentiates twice).
First the same updates of the judge (16 micro-batches of one pair, DPO) without weights and with
each hypergradient, a meta batch after every update; then GRPO steps: one prompt, 16 replies drawn
by the model itself, and the update on them. Each way runs in a process of its own. Seconds are
those of the wall clock, with the device waited for; memory is the most that torch had allocated.

Tokens a second are those of the sequences that are trained on, meta batches included. Model FLOP
utilisation is explained in ``training_flops.py``; for a GRPO step it is that of the update. The
device's peak comes from a table or from ``--peak``; where neither knows it, there is no
utilisation.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from statistics import median
from typing import Any

from training_flops import peak_of
from training_work import WAYS, Cost, Way, Work, in_own_process


def works(arguments: argparse.Namespace) -> list[Work]:
    """What is to be measured."""
    size: dict[str, Any] = {
        "model": "qwen3-1.7b",
        "device": arguments.device,
        "sequence": arguments.sequence,
        "reply": arguments.reply,
        "updates": arguments.updates,
        "group": arguments.group,
    }
    accumulation = 16
    if arguments.tiny:
        size |= {"model": "tiny", "device": "cpu", "sequence": 64, "reply": 16, "group": 4}
        accumulation = 4
    ways: list[Way] = [way for way in (*WAYS, "grpo") if way in arguments.ways]
    return [
        Work(way=way, accumulation=1 if way == "grpo" else accumulation, **size) for way in ways
    ]


def row_of(cost: Cost, peak: float | None) -> dict[str, Any]:
    """The numbers of one way; ``seconds`` are the least of its updates."""
    if cost.failed:
        return {"failed": cost.failed, "device": cost.device}
    best = min(range(len(cost.wall)), key=lambda place: cost.wall[place])
    drawing = cost.drawing[best] if cost.drawing else 0.0
    training = cost.wall[best] - drawing
    return {
        "device": cost.device,
        "seconds": cost.wall[best],
        "median": median(cost.wall),
        "drawing": drawing,
        "memory": cost.memory,
        "tokens_a_second": cost.tokens / training,
        "drawn_a_second": cost.drawn / drawing if drawing else 0.0,
        "utilisation": cost.flops / training / peak if peak else None,
    }


def line_of(way: str, row: dict[str, Any], plain: dict[str, Any] | None) -> str:
    """One line of the table."""
    if "failed" in row:
        return f"  {way:<7} {row['failed']}"
    share = "-" if row["utilisation"] is None else f"{row['utilisation']:.1%}"
    ratio = f"{row['seconds'] / plain['seconds']:5.2f} x" if plain and way != "grpo" else " " * 7
    line = (
        f"  {way:<7} least {row['seconds']:7.3f} s {ratio}  median {row['median']:7.3f} s  "
        f"{row['memory']:7.0f} MiB  {row['tokens_a_second']:7.0f} tokens/s  MFU {share}"
    )
    if row["drawing"]:
        line += f"  of it drawing {row['drawing']:.3f} s, {row['drawn_a_second']:.0f} tokens/s"
    return line


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--updates", type=int, default=3, help="timed for every way")
    parser.add_argument("--sequence", type=int, default=4096, help="tokens")
    parser.add_argument("--reply", type=int, default=1024, help="tokens of it that are the reply")
    parser.add_argument("--group", type=int, default=16, help="replies of a GRPO step")
    parser.add_argument("--ways", nargs="+", default=[*WAYS, "grpo"], choices=[*WAYS, "grpo"])
    parser.add_argument("--peak", type=float, help="bfloat16 operations a second of the device")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--tiny", action="store_true", help="a tiny model on the processor")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for work in works(arguments):
        cost = in_own_process(work)
        found[work.way] = row_of(cost, arguments.peak or peak_of(cost.device))
        if not arguments.json:
            if len(found) == 1:
                about = {name: value for name, value in asdict(work).items() if name != "way"}
                print(f"{cost.device}; {', '.join(f'{k} {v}' for k, v in about.items())}")
            plain = found.get("none")
            usable = plain if plain and "failed" not in plain else None
            print(line_of(work.way, found[work.way], usable), flush=True)
    if arguments.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
