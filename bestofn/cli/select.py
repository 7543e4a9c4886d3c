"""``bestofn select``: one problem, its candidates, the best of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..benchmarks.explain import SHOWN, copies
from ..benchmarks.plain import read_candidates, read_problem
from ..grading import shorten
from ..select import SECONDS
from ..select import select as choose
from ..types import Candidate, Problem, Selection
from . import options
from .exits import exit_codes
from .output import print_json, stdout

_MOST_SPLITS = 3
_MOST_NAMES = 6

EPILOG = (
    "Example: bestofn select --problem problem.json --candidates candidates/\n\n"
    "A JSON problem has the fields of bestofn.Problem: statement, and optionally entry_point, "
    "starter_code, public_tests (each with kind, input, expected) and more; any other file is "
    "the statement itself."
)


def select(
    problem: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The task: a JSON file, or a text or Markdown statement."
        ),
    ],
    candidates: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR|FILE...",
            help="A folder of *.py files, programs, or a JSONL file of id and code.",
        ),
    ],
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", hidden=True)] = None,
    judge: Annotated[str, typer.Option(metavar="NAME", help=options.JUDGE_HELP)] = "consensus",
    seed: options.Seed = 0,
    seconds: options.Seconds = SECONDS,
    json: options.Json = False,
) -> None:
    """Choose the best of some candidate programs and say why."""
    with exit_codes():
        task = read_problem(problem)
        programs = read_candidates([*candidates, *(more or ())])
        selection = choose(task, programs, judge=judge, seed=seed, seconds=options.bound(seconds))
        if json:
            print_json(selection_json(task, selection))
        else:
            _print(programs, selection)


def selection_json(problem: Problem, selection: Selection) -> dict[str, Any]:
    """A Selection as plain values; fields are added over time, never renamed."""
    evidence = selection.evidence
    return {
        "schema": "bestofn.selection",
        "schema_version": 1,
        "problem": problem.id,
        "best": {"id": selection.best.id, "code": selection.best.code},
        "judge": selection.judge,
        "seed": selection.seed,
        "abstained": selection.abstained,
        "stopped_by": selection.stopped_by,
        "ranking": asdict(selection.ranking),
        "rejected": [asdict(rejection) for rejection in selection.rejected],
        "evidence": {
            "isolation": evidence.isolation,
            "programs_run": evidence.programs_run,
            "seconds": evidence.seconds,
            "public_tests": {
                name: [asdict(outcome) for outcome in outcomes]
                for name, outcomes in evidence.public_tests.items()
            },
        },
        "usage": asdict(selection.usage),
    }


def _print(candidates: tuple[Candidate, ...], selection: Selection) -> None:
    console = stdout()
    console.print(f"Best: {selection.best.id}", style="bold")
    console.print(
        f"  judge {selection.judge}, seed {selection.seed}, of {len(candidates)} candidates"
    )
    if selection.abstained is not None:
        console.print(f"  undecided: {selection.abstained}")
    if selection.stopped_by is not None:
        console.print(f"  stopped early by the limit on {selection.stopped_by}")
    for title, lines in (
        ("Groups of equal behaviour, best first", _clusters(selection)),
        ("Inputs that told them apart", _splits(selection)),
        ("Dropped before judging", [f"{r.id}: {r.reason}" for r in selection.rejected]),
    ):
        if lines:
            console.print(title, style="bold")
            for line in lines:
                console.print(f"  {line}")
    evidence = selection.evidence
    if evidence.isolation is None:
        console.print("No program had to be run.")
    else:
        console.print(
            f"Ran programs {evidence.programs_run} times in {evidence.seconds:.1f} s, "
            f"isolation: {evidence.isolation}."
        )


def _clusters(selection: Selection) -> list[str]:
    counts = copies(selection)
    lines = []
    for cluster in selection.ranking.clusters:
        extra = sum(counts.get(name, 1) - 1 for name in cluster.members)
        also = f" and {extra} {'copy' if extra == 1 else 'copies'}" if extra else ""
        lines.append(f"{_names(cluster.members)}{also} (score {cluster.score:.3g})")
    return lines


def _splits(selection: Selection) -> list[str]:
    lines = []
    for split in selection.ranking.splits[:_MOST_SPLITS]:
        lines.append(f"{split.origin}: {shorten(split.input, SHOWN)}")
        lines += [
            f"  {shorten(answer, 40) or '(nothing)'}  <- {_names(names)}"
            for answer, names in split.answers
        ]
    return lines


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown
