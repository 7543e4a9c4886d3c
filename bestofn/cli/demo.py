"""``bestofn demo``: the main job on problems that come with the package."""

from __future__ import annotations

from rich.text import Text

from ..benchmarks import BenchmarkResult, Settings, run_benchmark, shipped
from . import options
from .exits import exit_codes
from .output import print_json, print_result, stdout
from .progress import Reporter

SECONDS = 20.0
"""For each selection; enough for each to end by itself, so that the demo is repeatable."""


def demo(
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    seconds: options.Seconds = SECONDS,
    json: options.Json = False,
) -> None:
    """Choose on the problems that come with the package, and show why. No key, no GPU."""
    with exit_codes():
        benchmark = shipped.load()
        settings = Settings(seed=seed, seconds=options.bound(seconds), jobs=jobs)
        with Reporter("demo") as reporter:
            result = run_benchmark(
                benchmark,
                judges=["consensus"],
                settings=settings,
                on_problem=reporter.problem_done,
            )
        if json:
            print_json(result.as_json())
            return
        _print_choices(result)
        print_result(result)


def _print_choices(result: BenchmarkResult) -> None:
    console = stdout()
    for problem in result.problems:
        choice = problem.choices.get("consensus")
        if problem.grades is None or choice is None:
            console.print(f"{problem.id}: left out, the sandbox failed: {problem.fault}")
            continue
        verdicts = problem.grades.verdicts
        right = verdicts[choice.chosen]
        console.print(
            Text.assemble(
                (problem.id, "bold"),
                f": {choice.chosen} of {len(verdicts)} candidates "
                f"({sum(verdicts.values())} right), the choice is ",
                ("right", "green") if right else ("wrong", "red"),
            )
        )
        console.print(f"    {choice.why}", style="dim")
    console.print()
