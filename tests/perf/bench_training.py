"""What learning the weights costs beside plain training, on this processor.

    make bench
    .venv-training/bin/python tests/perf/bench_training.py --rounds 5

The same updates of the judge (16 micro-batches of one pair, DPO, adapters of rank 32 on a random
Qwen3 of four layers) are made without weights and with each hypergradient; with weights, every
update is followed by a meta batch. Each way runs in a process of its own with one thread, so that
its peak memory is its own; the ways take turns. Seconds are those of the processor, which other
users of the machine hardly change; look at the ratios. ``darts`` and ``sama`` look at the last
micro-batch of an update only, ``closed`` and ``exact`` at all of them.
"""

from __future__ import annotations

import argparse
import json
from statistics import median

from training_work import WAYS, Cost, Work, in_own_process

TARGET = 1.3  # closed against none


def measured(work: dict[str, object], rounds: int) -> dict[str, list[Cost]]:
    """Every way ``rounds`` times, the order changing from round to round."""
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for number in range(rounds):
        turn = number % len(WAYS)
        for way in (*WAYS[turn:], *WAYS[:turn]):
            costs[way].append(in_own_process(Work(way=way, **work)))  # type: ignore[arg-type]
    return costs


def summary(costs: list[Cost]) -> dict[str, float]:
    """The least and the median seconds of an update, and the peak in MiB."""
    seconds = [one for cost in costs for one in cost.processor]
    return {
        "least": min(seconds),
        "median": median(seconds),
        "memory": max(cost.memory for cost in costs),
    }


def main() -> bool:
    """Print the table; True when the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=3, help="timed in every process")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to try the benchmark")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--check", action="store_true", help="fail when the target is missed")
    arguments = parser.parse_args()
    work: dict[str, object] = {"model": "small", "updates": arguments.updates}
    if arguments.tiny:
        work |= {"model": "tiny", "sequence": 32, "reply": 8, "accumulation": 4}
    found = {way: summary(costs) for way, costs in measured(work, arguments.rounds).items()}
    plain = found["none"]
    ratio = found["closed"]["least"] / plain["least"]
    met = ratio <= TARGET
    if arguments.json:
        print(json.dumps(found))
        return met or not arguments.check
    print(
        f"an update of the judge, {arguments.rounds} processes a way, {arguments.updates} updates "
        "each: processor seconds, x none, peak memory"
    )
    for way, row in found.items():
        print(
            f"  {way:<7} least {row['least']:6.3f} s  {row['least'] / plain['least']:5.2f} x   "
            f"median {row['median']:6.3f} s  {row['median'] / plain['median']:5.2f} x   "
            f"{row['memory']:6.0f} MiB ({row['memory'] - plain['memory']:+.0f})"
        )
    print(f"  target: closed {TARGET} x none: {'met' if met else 'MISSED'} ({ratio:.2f})")
    return met or not arguments.check


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
