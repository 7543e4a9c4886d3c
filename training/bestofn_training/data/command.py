"""``bestofn-train data``: judge inputs from graded candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bestofn.benchmarks import Benchmark, bigcodebench, humaneval, livecodebench, plain, shipped
from bestofn.cli.bench import Entrants
from bestofn.cli.grouped import grouped

from ..exits import exit_codes
from .making_options import Making

EPILOG = (
    "Example: bestofn-train data livecodebench --problems test.jsonl --samples weak.json "
    "strong.json --weak weak --strong strong --output data/"
)

app = typer.Typer(
    help="Turn graded candidates into judge inputs: training, meta and held-out sets, and a card.",
    no_args_is_help=True,
    epilog=EPILOG,
)


@app.command("demo")
@grouped
def data_demo(making: Making) -> None:
    """The small benchmark that comes with bestofn."""
    with exit_codes():
        making.run(shipped.load(limit=making.limit))


@app.command("folder", no_args_is_help=True)
@grouped
def data_folder(
    problems: Annotated[
        Path,
        typer.Option(metavar="DIR", file_okay=False, help="A folder of problem folders."),
    ],
    making: Making,
) -> None:
    """Your own: folders with problem.json, candidates/, verdicts.json or hidden_tests.json."""
    with exit_codes():
        items = plain.read_folder(problems, limit=making.limit)
        arguments = {"problems": str(problems), "limit": making.limit}
        making.run(Benchmark(name=problems.resolve().name, items=items, arguments=arguments))


@app.command("humaneval", no_args_is_help=True)
@grouped
def data_humaneval(
    problems: Annotated[
        Path, typer.Option(metavar="FILE", help="HumanEval's problem file (JSONL, also .gz).")
    ],
    entrants: Entrants,
    making: Making,
) -> None:
    """HumanEval: completions of functions, with or without recorded verdicts."""
    with exit_codes():
        making.run(
            humaneval.load(
                problems,
                entrants.files,
                examples=entrants.examples,
                n=entrants.n,
                draw=entrants.draw,
                seed=making.seed,
                limit=making.limit,
            )
        )


@app.command("livecodebench", no_args_is_help=True)
@grouped
def data_livecodebench(
    problems: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="LiveCodeBench's problem file; repeat for several."),
    ],
    entrants: Entrants,
    making: Making,
) -> None:
    """LiveCodeBench: *_eval_all.json or custom outputs, one file a model."""
    with exit_codes():
        making.run(
            livecodebench.load(
                problems,
                entrants.files,
                examples=entrants.examples,
                n=entrants.n,
                draw=entrants.draw,
                seed=making.seed,
                limit=making.limit,
            )
        )


@app.command("bigcodebench", no_args_is_help=True)
@grouped
def data_bigcodebench(
    problems: Annotated[
        Path, typer.Option(metavar="FILE", help="BigCodeBench's problem file (JSONL, also .gz).")
    ],
    entrants: Entrants,
    making: Making,
    variant: Annotated[
        bigcodebench.Split,
        typer.Option(metavar="complete|instruct", help="Which prompt the samples were made from."),
    ] = "instruct",
) -> None:
    """BigCodeBench: solutions, or *_eval_results.json with recorded verdicts."""
    with exit_codes():
        making.run(
            bigcodebench.load(
                problems,
                entrants.files,
                split=variant,
                n=entrants.n,
                draw=entrants.draw,
                seed=making.seed,
                limit=making.limit,
            )
        )
