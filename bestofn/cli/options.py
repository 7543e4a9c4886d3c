"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..benchmarks.samples import Draw
from ..entrants import Seconds as Bound
from ..judges import NAMES

JUDGE_HELP = f"One of: {', '.join(NAMES)}; or a model: openai/<model>, vllm/<model>, replay/<file>."

Seed = Annotated[int, typer.Option(metavar="S", help="Repeats every random choice.")]
Judge = Annotated[str, typer.Option(metavar="NAME", help=JUDGE_HELP)]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Time for one selection; 0 sets no bound. 30 unless given, none if a model judges.",
        metavar="S",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Print JSON, and nothing else, on stdout.")
]
Judges = Annotated[
    list[str] | None,
    typer.Option(
        "--judge", metavar="NAME", help=f"{JUDGE_HELP} Repeat for several; consensus unless given."
    ),
]
Samples = Annotated[
    list[Path],
    typer.Option(metavar="FILE...", help="Model outputs; name several behind it, or repeat it."),
]
MoreSamples = Annotated[list[Path] | None, typer.Argument(metavar="FILE", hidden=True)]
Examples = Annotated[
    bool,
    typer.Option(metavar="", help="Whether selectors see the examples that the problem shows."),
]
Count = Annotated[
    int | None, typer.Option("--n", min=1, metavar="N", help="Keep this many candidates a problem.")
]
DrawOption = Annotated[
    Draw,
    typer.Option(
        metavar="first|random", help="Which candidates --n keeps: the first, or a seeded draw."
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="K", help="Run only the first so many problems.")
]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="Workers; one a core unless given.", metavar="J")
]
Grade = Annotated[
    bool,
    typer.Option("--grade", metavar="", help="Run hidden tests despite recorded verdicts."),
]
Grading = Annotated[
    Literal["strict", "official"],
    typer.Option(
        metavar="strict|official",
        help="How hidden tests decide: outside the program, or as the benchmark's own evaluator.",
    ),
]
Isolation = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        help="Refuse to run programs below full, light or basic; unsafe runs them without any.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        help="Folder for results.json and rows.jsonl; the same folder resumes a run.",
    ),
]


def bound(seconds: float | None) -> Bound:
    """The time for one selection: 0 on the command line means none, and nothing the default."""
    return "auto" if seconds is None else seconds or None
