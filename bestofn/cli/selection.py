"""A selection on the terminal, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..benchmarks.explain import SHOWN, copies
from ..grading import shorten
from ..types import Problem, Selection
from .output import spent, stdout

_MOST_SPLITS = 3
_MOST_NAMES = 6
_MOST_COMPARISONS = 12


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


def print_selection(selection: Selection) -> None:
    """What was chosen and why, in words."""
    console = stdout()
    console.print(f"Best: {selection.best.id}", style="bold")
    console.print(
        f"  judge {selection.judge}, seed {selection.seed}, "
        f"of {len(selection.candidates)} candidates"
    )
    if selection.abstained is not None:
        console.print(f"  undecided: {selection.abstained}")
    if selection.stopped_by is not None:
        console.print(f"  stopped early by the limit on {selection.stopped_by}")
    for title, lines in (
        ("Groups of equal behaviour, best first", _clusters(selection)),
        ("Inputs that told them apart", _splits(selection)),
        ("Comparisons", _comparisons(selection)),
        ("Dropped before judging", [f"{r.id}: {r.reason}" for r in selection.rejected]),
    ):
        if lines:
            console.print(title, style="bold")
            for line in lines:
                console.print(f"  {line}")
    evidence = selection.evidence
    if selection.usage.calls:
        console.print(f"Asked models {spent(selection.usage)}.")
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


def _comparisons(selection: Selection) -> list[str]:
    comparisons = selection.ranking.comparisons
    lines = [
        f"{' against '.join(c.shown)}: {c.winner if c.winner is not None else f'none ({c.error})'}"
        for c in comparisons[:_MOST_COMPARISONS]
    ]
    if len(comparisons) > _MOST_COMPARISONS:
        lines.append(f"and {len(comparisons) - _MOST_COMPARISONS} more (see --json)")
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
