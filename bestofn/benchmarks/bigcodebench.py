"""BigCodeBench's files: problems, samples, and the evaluator's results.

Formats of https://github.com/bigcode-project/bigcodebench (Zhuo et al. 2024, arXiv 2406.15877).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import FormatError, InvalidInput
from ..sandbox import Limits
from ..types import Problem, TestCase
from .base import Benchmark
from .reading import RowModel, checked, read_rows, read_text
from .samples import Draw, ProblemWithTests, Sample, SampleSet, labels_for, merge

Split = Literal["complete", "instruct"]

LIMITS = Limits(seconds=240.0)
"""For hidden tests: the upstream evaluator's time limit, here of processor time."""
_CALIBRATION = "\n    pass\n"  # what the evaluator puts between the prompt's code and a solution


class _ProblemRow(RowModel):
    task_id: str
    complete_prompt: str
    instruct_prompt: str
    code_prompt: str
    test: str
    entry_point: str
    canonical_solution: str = ""
    libs: str = "[]"


class _SampleRow(RowModel):
    task_id: str
    solution: str | None = None
    completion: str | None = None


class _ResultRow(RowModel):
    solution: str
    status: Literal["pass", "fail", "timeout"]


class _ResultFile(RowModel):
    eval: dict[str, list[_ResultRow]]


def read_problems(path: Path, *, split: Split = "complete") -> tuple[ProblemWithTests, ...]:
    """BigCodeBench's problem file (JSONL, also gzipped as it is published).

    No problem has public tests. What it needs to be installed is in ``metadata["libs"]``; where
    it is not, every candidate fails.

    Args:
        path: Rows with the published fields; ``libs`` is a Python list written as text.
        split: Whether candidates were made from ``complete_prompt`` (code to complete) or
            ``instruct_prompt`` (words), which becomes the statement.

    Raises:
        FormatError: naming the row and the field.
    """
    problems: dict[str, ProblemWithTests] = {}
    for row, data in read_rows(path, _ProblemRow):
        if data.task_id in problems:
            message = f"task_id {data.task_id!r} is there twice; each problem needs one row"
            raise FormatError(path, message, row=row)
        try:
            problems[data.task_id] = ProblemWithTests(
                problem=Problem(
                    id=data.task_id,
                    statement=data.complete_prompt if split == "complete" else data.instruct_prompt,
                    platform="bigcodebench",
                    starter_code=data.code_prompt,
                    entry_point=data.entry_point,
                    metadata={"libs": _libraries(data.libs)},
                ),
                hidden_tests=(TestCase(kind="unittest", input=data.test),),
            )
        except ValueError as error:  # InvalidInput is one
            raise FormatError(path, str(error), row=row) from error
    return tuple(problems.values())


def _libraries(text: str) -> tuple[str, ...]:
    try:
        found = ast.literal_eval(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"field 'libs': must be a list of names as text, got {text[:60]!r}")
    return tuple(found)


def read_samples(path: Path, label: str, problems: Mapping[str, Problem]) -> SampleSet:
    """BigCodeBench samples (JSONL), or the results that the evaluator wrote about some.

    A row without ``solution`` is the complete prompt and its ``completion``, as upstream. In
    results, the prompt's code that the evaluator had put before a solution is taken off again.

    Args:
        path: Rows with ``task_id`` and ``solution`` or ``completion``; or one JSON object whose
            ``eval`` has, for each problem, rows with ``solution`` and ``status``.
        label: Names the file in candidate ids.
        problems: The known problems by id, read for the split ``complete``.

    Raises:
        FormatError: naming the row and the field, or a problem that is not known.
    """
    found: dict[str, list[Sample]] = {}
    results = _results(path)
    samples = _from_rows(path, problems) if results is None else _from_results(results, problems)
    for row, name, sample in samples:
        if name not in problems:
            raise FormatError(
                path,
                f"task_id {name!r} is not in the problem file; "
                "pass the problem file that these samples were made from",
                row=row,
            )
        found.setdefault(name, []).append(sample)
    return SampleSet(
        label=label, path=path, samples={name: tuple(rows) for name, rows in found.items()}
    )


def _results(path: Path) -> _ResultFile | None:
    """The evaluator's results, or None where the file holds rows."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError):
        return None  # several rows, or nothing at all: said when they are read as such
    if not isinstance(value, dict) or "task_id" in value:
        return None
    return checked(path, None, _ResultFile, value)


def _from_rows(
    path: Path, problems: Mapping[str, Problem]
) -> Iterator[tuple[int | None, str, Sample]]:
    for row, data in read_rows(path, _SampleRow):
        code = data.solution
        if code is None and data.completion is not None:
            problem = problems.get(data.task_id)
            code = (problem.statement if problem else "") + data.completion
        if code is None:
            message = "has neither field 'solution' nor 'completion'; is this the right file?"
            raise FormatError(path, message, row=row)
        yield row, data.task_id, Sample(code=code, metadata=data.other_fields)


def _from_results(
    results: _ResultFile, problems: Mapping[str, Problem]
) -> Iterator[tuple[int | None, str, Sample]]:
    for name, rows in results.eval.items():
        given = problems[name].starter_code + _CALIBRATION if name in problems else ""
        for data in rows:
            sample = Sample(
                code=data.solution.removeprefix(given),
                verdict=data.status == "pass",
                metadata={"status": data.status},
            )
            yield None, name, sample


def load(
    problems: Path,
    samples: Sequence[Path],
    *,
    split: Split = "complete",
    n: int | None = None,
    draw: Draw = "first",
    seed: int = 0,
    limit: int | None = None,
) -> Benchmark:
    """A BigCodeBench benchmark from its files.

    Args:
        problems: See :func:`read_problems`.
        samples: One or more files, see :func:`read_samples`.
        split: See :func:`read_problems`.
        n, draw, seed, limit: See :func:`~bestofn.benchmarks.samples.merge`.

    Raises:
        FormatError: a file is not what its format promises.
        InvalidInput: another argument is wrong.
    """
    if split not in ("complete", "instruct"):
        raise InvalidInput("split", f"must be 'complete' or 'instruct', got {split!r}")
    known = {entry.problem.id: entry.problem for entry in read_problems(problems)}
    sets = [
        read_samples(path, label, known)
        for path, label in zip(samples, labels_for(samples), strict=True)
    ]
    items, without = merge(
        read_problems(problems, split=split), sets, n=n, draw=draw, seed=seed, limit=limit
    )
    arguments: dict[str, Any] = {
        "problems": str(problems),
        "samples": [str(path) for path in samples],
        "split": split,
        "n": n,
        "draw": draw,
        "limit": limit,
    }
    return Benchmark(
        name="bigcodebench",
        rules="bigcodebench",
        items=items,
        limits=LIMITS,
        without_samples=without,
        arguments=arguments,
    )
