"""Planted truth: what weights learned on two levels do about data whose poison is known.

    python training/demonstrations/planted.py
    python training/demonstrations/planted.py --seeds 10 --json planted.json

Three settings, each with a meta set of 96 clean rows and 1,000 clean rows held out. Every method
sees the same data in the same order and starts from the same judge; all run through the engine
that trains real judges. Rates and lengths were chosen on seeds below 200; by default other
seeds are run. The same seeds give the same numbers on a CPU, however many processes share the work.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from planted_tables import Run, results, sentences


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(arguments)
    # Torch reads it when it is imported, which is below and in the processes started there:
    # several threads fight over matrices of this size.
    os.environ["OMP_NUM_THREADS"] = "1"
    from planted_settings import SETTINGS

    names = options.setting or list(SETTINGS)
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        sys.exit(f"--setting {unknown[0]}: there are {', '.join(SETTINGS)}")
    seeds = range(options.first, options.first + options.seeds)
    start = time.perf_counter()
    runs = run_all(
        [
            (name, method, seed)
            for name in names
            for seed in seeds
            for method in SETTINGS[name].methods
        ],
        options.jobs,
    )
    for name in names:
        setting = SETTINGS[name]
        here = [run for run in runs if run.setting == name]
        print(f"\n## {name}\n\n{setting.title}\n")
        print(results(here, setting.methods, setting.groups), end="\n\n")
        for said in sentences(here, list(setting.weightings), setting.poisoned):
            print(f"- {said}")
    took = time.perf_counter() - start
    print(f"\nSeeds {seeds[0]} to {seeds[-1]}; mean ± half the 95 % interval; {took:.0f} s.")
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")


def run_all(wanted: Sequence[tuple[str, str, int]], jobs: int) -> list[Run]:
    """Run (setting, method, seed) each, in so many processes; in the order of ``wanted``."""
    from planted_settings import run

    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=spawned) as pool:
        futures = [pool.submit(run, *one) for one in wanted]
        try:
            for count, future in enumerate(as_completed(futures), 1):
                _tell(count, len(futures), future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else the rest would be run before the error
            raise
        return [future.result() for future in futures]


def _tell(count: int, of: int, done: Run) -> None:
    print(
        f"{count}/{of} {done.setting}, {done.method}, seed {done.seed}: "
        f"{done.accuracy:.3f} in {done.seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=_positive, default=5, help="how many (5)")
    parser.add_argument("--first", type=int, default=200, help="the first seed (200)")
    parser.add_argument(
        "--jobs", type=_positive, default=min(2, os.cpu_count() or 1), help="processes (2)"
    )
    parser.add_argument("--setting", action="append", help="run this one only; may be repeated")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    main()
