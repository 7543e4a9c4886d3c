"""Candidates from several sample files, merged into N candidates a problem."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..errors import FormatError, InvalidInput
from ..types import Candidate, Problem, TestCase
from .base import Item

Draw = Literal["first", "random"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One candidate of one file.

    Attributes:
        code: The program, as it is run.
        text: The model's whole reply, when known.
        verdict: The recorded verdict, or None.
        metadata: Further fields of the row.
    """

    code: str
    text: str = ""
    verdict: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """The samples of one file.

    Attributes:
        label: Names the file in candidate ids (``o1-mini``).
        path: The file, for messages.
        samples: For each problem id its samples, in the order of the file.
    """

    label: str
    path: Path
    samples: Mapping[str, tuple[Sample, ...]]


@dataclass(frozen=True, kw_only=True)
class ProblemWithTests:
    """A problem with the tests that only the grader may see."""

    problem: Problem
    hidden_tests: tuple[TestCase, ...]


def labels_for(paths: Sequence[Path]) -> tuple[str, ...]:
    """A short, unique label for each sample file.

    The file's name without its endings; the folder's name for files that LiveCodeBench's runner
    names ``Scenario...`` whatever the model was. Labels that still clash get a number.
    """
    labels: list[str] = []
    for path in paths:
        stem = path.name.split(".")[0]
        if stem in ("Scenario", "samples", "output", "results") and path.resolve().parent.name:
            stem = path.resolve().parent.name
        label, copy = stem, 2
        while label in labels:
            label, copy = f"{stem}-{copy}", copy + 1
        labels.append(label)
    return tuple(labels)


def merge(
    problems: Iterable[ProblemWithTests],
    sample_sets: Sequence[SampleSet],
    *,
    n: int | None = None,
    draw: Draw = "first",
    seed: int = 0,
    limit: int | None = None,
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Join problems with their samples.

    Args:
        problems: In the order in which they are to be run.
        sample_sets: Candidates keep the order of the files; ids are ``label/number``.
        n: Keep this many candidates a problem; None keeps all.
        draw: Which ``n``: the first, or a random draw that ``seed`` repeats.
        seed: Of the random draw; each problem has a stream of its own.
        limit: Keep this many problems (those that have candidates); None keeps all.

    Returns:
        The items, and the ids of problems that no file has a sample for.

    Raises:
        FormatError: samples for a problem that is not among ``problems``.
        InvalidInput: ``n`` or ``limit`` is below 1, or no problem has a sample.
    """
    for name, value in (("n", n), ("limit", limit)):
        if value is not None and value < 1:
            raise InvalidInput(name, f"must be at least 1, got {value}")
    problems = tuple(problems)
    known = {entry.problem.id for entry in problems}
    for sample_set in sample_sets:
        unknown = [name for name in sample_set.samples if name not in known]
        if unknown:
            names = ", ".join(repr(name) for name in unknown[:5])
            raise FormatError(
                sample_set.path,
                f"has samples for {len(unknown)} problem(s) that the problem files lack "
                f"({names}{', ...' if len(unknown) > 5 else ''}); "
                "pass the problem file that these samples were made from",
            )
    items: list[Item] = []
    without: list[str] = []
    for entry in problems:
        named = [
            (f"{sample_set.label}/{index}", sample)
            for sample_set in sample_sets
            for index, sample in enumerate(sample_set.samples.get(entry.problem.id, ()))
        ]
        if not named:
            without.append(entry.problem.id)
            continue
        items.append(_item(entry, _keep(named, n, draw, f"{seed}/{entry.problem.id}")))
    if not items:
        raise InvalidInput("samples", "no problem has a sample; do the files belong together?")
    return tuple(items[:limit]), tuple(without)


def _keep(
    named: list[tuple[str, Sample]], n: int | None, draw: Draw, scope: str
) -> list[tuple[str, Sample]]:
    if n is None or n >= len(named):
        return named
    if draw == "first":
        return named[:n]
    chosen = sorted(random.Random(f"draw/{scope}").sample(range(len(named)), n))
    return [named[index] for index in chosen]


def _item(entry: ProblemWithTests, named: list[tuple[str, Sample]]) -> Item:
    return Item(
        problem=entry.problem,
        hidden_tests=entry.hidden_tests,
        candidates=tuple(
            Candidate(id=name, code=sample.code, text=sample.text, metadata=sample.metadata)
            for name, sample in named
        ),
        verdicts={name: s.verdict for name, s in named if s.verdict is not None},
    )
