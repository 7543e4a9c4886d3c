"""``bestofn bench``: judges over a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..benchmarks import (
    Benchmark,
    BenchmarkResult,
    Settings,
    humaneval,
    livecodebench,
    run_benchmark,
    shipped,
)
from ..select import SECONDS
from . import options
from .exits import exit_codes
from .output import print_json, print_result
from .progress import Reporter

EPILOG = (
    "Example: bestofn bench humaneval --problems HumanEval.jsonl.gz --samples samples.jsonl "
    "--judge consensus --judge majority --output results/"
)

app = typer.Typer(
    help="Measure judges on a benchmark against random choice and the oracle.",
    no_args_is_help=True,
    epilog=EPILOG,
)


@app.command("humaneval", no_args_is_help=True)
def bench_humaneval(
    problems: Annotated[
        Path, typer.Option(metavar="FILE", help="HumanEval's problem file (JSONL, also .gz).")
    ],
    samples: options.Samples,
    more: options.MoreSamples = None,
    generated_tests: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Tests that a model wrote (task_id, samples)."),
    ] = None,
    tests_per_sample: Annotated[
        int, typer.Option(min=1, metavar="K", help="Assertions kept of each generated text.")
    ] = 5,
    examples: options.Examples = True,
    n: options.Count = None,
    draw: options.DrawOption = "first",
    judge: options.Judges = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    seconds: options.Seconds = SECONDS,
    grade: options.Grade = False,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """HumanEval: completions of functions, with or without recorded verdicts."""
    with exit_codes():
        benchmark = humaneval.load(
            problems,
            [*samples, *(more or ())],
            generated_tests=generated_tests,
            tests_per_sample=tests_per_sample,
            examples=examples,
            n=n,
            draw=draw,
            seed=seed,
            limit=limit,
        )
        settings = Settings(
            seed=seed, seconds=options.bound(seconds), jobs=jobs, grade=grade, examples=examples
        )
        _run(benchmark, judge, settings, output, json)


@app.command("livecodebench", no_args_is_help=True)
def bench_livecodebench(
    problems: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="LiveCodeBench's problem file; repeat for several."),
    ],
    samples: options.Samples,
    more: options.MoreSamples = None,
    examples: options.Examples = True,
    n: options.Count = None,
    draw: options.DrawOption = "first",
    judge: options.Judges = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    seconds: options.Seconds = SECONDS,
    grade: options.Grade = False,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """LiveCodeBench: *_eval_all.json or custom outputs, one file a model."""
    with exit_codes():
        benchmark = livecodebench.load(
            problems,
            [*samples, *(more or ())],
            examples=examples,
            n=n,
            draw=draw,
            seed=seed,
            limit=limit,
        )
        settings = Settings(
            seed=seed, seconds=options.bound(seconds), jobs=jobs, grade=grade, examples=examples
        )
        _run(benchmark, judge, settings, output, json)


@app.command("demo")
def bench_demo(
    judge: options.Judges = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    seconds: options.Seconds = SECONDS,
    grade: options.Grade = False,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """The small benchmark that comes with the package."""
    with exit_codes():
        settings = Settings(seed=seed, seconds=options.bound(seconds), jobs=jobs, grade=grade)
        _run(shipped.load(limit=limit), judge, settings, output, json)


def _run(
    benchmark: Benchmark,
    judges: list[str] | None,
    settings: Settings,
    output: Path | None,
    json: bool,
) -> BenchmarkResult:
    with Reporter(benchmark.name) as reporter:
        result = run_benchmark(
            benchmark,
            judges=judges or ["consensus"],
            settings=settings,
            output=output,
            on_problem=reporter.problem_done,
        )
    if json:
        print_json(result.as_json())
    else:
        print_result(result)
    return result
