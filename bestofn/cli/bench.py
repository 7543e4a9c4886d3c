"""``bestofn bench``: judges over a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..benchmarks import (
    Benchmark,
    Settings,
    bigcodebench,
    humaneval,
    livecodebench,
    run_benchmark,
    shipped,
)
from ..judges import Judge
from . import options
from .asking import Judging, Server, Spending
from .exits import exit_codes
from .grouped import grouped
from .output import print_json, print_result
from .progress import CallCounter, Reporter

EPILOG = (
    "Example: bestofn bench humaneval --problems HumanEval.jsonl.gz --samples samples.jsonl "
    "--judge consensus --judge majority --output results/"
)

app = typer.Typer(
    help="Measure judges on a benchmark against random choice and the oracle.",
    no_args_is_help=True,
    epilog=EPILOG,
)


@dataclass(frozen=True, kw_only=True)
class Entrants:
    """Which candidates a benchmark has, and what selectors see."""

    samples: options.Samples
    more: options.MoreSamples = None
    examples: options.Examples = True
    n: options.Count = None
    draw: options.DrawOption = "first"

    @property
    def files(self) -> list[Path]:
        """All that were named, with and without the option's name before them."""
        return [*self.samples, *(self.more or ())]


@dataclass(frozen=True, kw_only=True)
class Running(Server, Judging, Spending):
    """How judges are run over a benchmark, and where results go."""

    judge: options.Judges = None
    limit: options.Limit = None
    seed: options.Seed = 0
    jobs: options.Jobs = None
    seconds: options.Seconds = None
    grade: options.Grade = False
    grading: options.Grading = "strict"
    isolation: options.Isolation = None
    output: options.Output = None
    json: options.Json = False

    def _judge(self, name: str) -> Judge | str:
        return self.make_judge(name, self) if "/" in name else name

    def run(self, benchmark: Benchmark, *, examples: bool = True) -> None:
        """Run, keep and print."""
        names = self.judge or ["consensus"]
        self.check_use(*names)
        counter = CallCounter(live=False)
        with counter, Reporter(benchmark.name) as reporter:
            result = run_benchmark(
                benchmark,
                judges=[self._judge(name) for name in names],
                settings=Settings(
                    seed=self.seed,
                    seconds=options.bound(self.seconds),
                    jobs=self.jobs,
                    grade=self.grade,
                    grading=self.grading,
                    isolation=self.isolation,
                    examples=examples,
                ),
                output=self.output,
                calls=self.calls(*names, on_event=counter.heard),
                on_problem=reporter.problem_done,
            )
        if self.json:
            print_json(result.as_json())
        else:
            print_result(result)


@app.command("humaneval", no_args_is_help=True)
@grouped
def bench_humaneval(
    problems: Annotated[
        Path, typer.Option(metavar="FILE", help="HumanEval's problem file (JSONL, also .gz).")
    ],
    entrants: Entrants,
    running: Running,
    generated_tests: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Tests that a model wrote (task_id, samples)."),
    ] = None,
    tests_per_sample: Annotated[
        int, typer.Option(min=1, metavar="K", help="Assertions kept of each generated text.")
    ] = 5,
) -> None:
    """HumanEval: completions of functions, with or without recorded verdicts."""
    with exit_codes():
        benchmark = humaneval.load(
            problems,
            entrants.files,
            generated_tests=generated_tests,
            tests_per_sample=tests_per_sample,
            examples=entrants.examples,
            n=entrants.n,
            draw=entrants.draw,
            seed=running.seed,
            limit=running.limit,
        )
        running.run(benchmark, examples=entrants.examples)


@app.command("livecodebench", no_args_is_help=True)
@grouped
def bench_livecodebench(
    problems: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="LiveCodeBench's problem file; repeat for several."),
    ],
    entrants: Entrants,
    running: Running,
) -> None:
    """LiveCodeBench: *_eval_all.json or custom outputs, one file a model."""
    with exit_codes():
        benchmark = livecodebench.load(
            problems,
            entrants.files,
            examples=entrants.examples,
            n=entrants.n,
            draw=entrants.draw,
            seed=running.seed,
            limit=running.limit,
        )
        running.run(benchmark, examples=entrants.examples)


@app.command("bigcodebench", no_args_is_help=True)
@grouped
def bench_bigcodebench(
    problems: Annotated[
        Path, typer.Option(metavar="FILE", help="BigCodeBench's problem file (JSONL, also .gz).")
    ],
    entrants: Entrants,
    running: Running,
    split: Annotated[
        bigcodebench.Split,
        typer.Option(metavar="complete|instruct", help="Which prompt the samples were made from."),
    ] = "complete",
) -> None:
    """BigCodeBench: solutions, or *_eval_results.json with recorded verdicts."""
    with exit_codes():
        benchmark = bigcodebench.load(
            problems,
            entrants.files,
            split=split,
            n=entrants.n,
            draw=entrants.draw,
            seed=running.seed,
            limit=running.limit,
        )
        running.run(benchmark, examples=entrants.examples)


@app.command("demo")
@grouped
def bench_demo(running: Running) -> None:
    """The small benchmark that comes with the package."""
    with exit_codes():
        running.run(shipped.load(limit=running.limit))
