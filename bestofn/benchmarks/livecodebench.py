"""LiveCodeBench's files: problems, evaluated outputs, and custom outputs.

Formats of https://github.com/LiveCodeBench/LiveCodeBench (Jain et al. 2024, arXiv 2403.07974).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import StrictBool, TypeAdapter, ValidationError

from ..errors import FormatError, InvalidInput
from ..sandbox import Limits
from ..types import Problem, TestCase
from . import private_tests
from .base import Benchmark
from .reading import RowModel, read_rows
from .replies import last_code_block
from .samples import Draw, ProblemWithTests, Sample, SampleSet, labels_for, merge

LIMITS = Limits(seconds=6.0)
"""For hidden tests: the upstream evaluator's time limit a test, here of processor time."""


class _ProblemRow(RowModel):
    question_id: str
    question_title: str
    question_content: str
    platform: str
    difficulty: str
    public_test_cases: str
    private_test_cases: str = "[]"
    metadata: str = "{}"
    starter_code: str = ""
    contest_id: str = ""
    contest_date: str = ""


class _TestRow(RowModel):
    input: str
    output: str
    testtype: Literal["stdin", "functional"]


class _OutputRow(RowModel):
    question_id: str
    code_list: list[str] | None = None
    output_list: list[str] | None = None
    graded_list: list[StrictBool] | None = None


_TESTS: TypeAdapter[list[_TestRow]] = TypeAdapter(list[_TestRow])


def read_problems(path: Path, *, examples: bool = True) -> tuple[ProblemWithTests, ...]:
    """LiveCodeBench's problem file (JSONL; ``test.jsonl`` and its successors).

    The hidden tests are the public and the private ones, as upstream grades; a file without
    private tests has no hidden tests, for the public ones alone decide nothing.

    Args:
        path: Rows with the published fields. ``metadata.func_name`` makes the tests calls of
            that function, with one JSON value a line.
        examples: Whether the public tests are shown to the selector.

    Raises:
        FormatError: naming the row and the field.
    """
    problems: dict[str, ProblemWithTests] = {}
    for row, data in read_rows(path, _ProblemRow):
        if data.question_id in problems:
            message = f"question_id {data.question_id!r} is there twice"
            raise FormatError(path, message, row=row)
        try:
            problems[data.question_id] = _problem(data, examples)
        except ValueError as error:  # InvalidInput is one
            message = f"question {data.question_id!r}: {error}"
            raise FormatError(path, message, row=row) from error
    return tuple(problems.values())


def _problem(data: _ProblemRow, examples: bool) -> ProblemWithTests:
    entry_point = _entry_point(data.metadata)
    public = _tests("public_test_cases", data.public_test_cases, entry_point)
    private = _tests("private_test_cases", data.private_test_cases, entry_point)
    return ProblemWithTests(
        problem=Problem(
            id=data.question_id,
            statement=data.question_content,
            title=data.question_title,
            platform=data.platform,
            difficulty=data.difficulty,
            starter_code=data.starter_code,
            entry_point=entry_point,
            public_tests=public if examples else (),
            metadata={"contest_id": data.contest_id, "contest_date": data.contest_date},
        ),
        hidden_tests=public + private if private else (),
    )


def _entry_point(metadata: str) -> str | None:
    try:
        value = json.loads(metadata or "{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"field 'metadata' is not a JSON string: {error}") from error
    name = value.get("func_name") if isinstance(value, dict) else None
    if name is not None and not isinstance(name, str):
        raise ValueError("field 'metadata': func_name must be a string")
    return name or None


def _tests(field: str, text: str, entry_point: str | None) -> tuple[TestCase, ...]:
    try:
        rows = _TESTS.validate_python(private_tests.unpack(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"[{part}]" for part in first["loc"])
        raise ValueError(f"field '{field}{where}': {first['msg']}") from error
    except ValueError as error:
        raise ValueError(f"field {field!r}: {error}") from error
    return tuple(_test(f"{field}[{index}]", test, entry_point) for index, test in enumerate(rows))


def _test(where: str, test: _TestRow, entry_point: str | None) -> TestCase:
    if test.testtype == "stdin":
        return TestCase(kind="stdin", input=test.input, expected=test.output)
    if entry_point is None:
        raise ValueError(f"field '{where}' calls a function, but metadata has no func_name")
    return TestCase(
        kind="call",
        input=tuple(_json_values(f"{where}.input", test.input)),
        expected=_json(f"{where}.output", test.output),
    )


def _json_values(where: str, text: str) -> list[Any]:
    return [_json(where, line) for line in text.split("\n") if line.strip()]


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"field {where!r} must hold one JSON value a line: {error}") from error


def read_outputs(path: Path, label: str) -> SampleSet:
    """A model's outputs: the runner's ``*_eval_all.json``, or the format for custom outputs.

    Args:
        path: Rows (JSON array or JSONL) with ``question_id`` and ``code_list``; where that is
            missing, the code is the last fenced block of each text in ``output_list``.
            ``graded_list`` holds the recorded verdicts.
        label: Names the file in candidate ids.

    Raises:
        FormatError: naming the row and the field.
    """
    found: dict[str, tuple[Sample, ...]] = {}
    for row, data in read_rows(path, _OutputRow):
        if data.question_id in found:
            raise FormatError(
                path,
                f"question_id {data.question_id!r} is there twice; "
                "put all its programs into one row's code_list",
                row=row,
            )
        try:
            found[data.question_id] = _samples(data)
        except ValueError as error:
            message = f"question {data.question_id!r}: {error}"
            raise FormatError(path, message, row=row) from error
    return SampleSet(label=label, path=path, samples=found)


def _samples(data: _OutputRow) -> tuple[Sample, ...]:
    replies, codes, verdicts = data.output_list, data.code_list, data.graded_list
    if codes is None and replies is None:
        raise ValueError("has neither 'code_list' nor 'output_list'; give one of them")
    if codes is None:
        codes = [last_code_block(reply) for reply in replies or ()]
    for name, values in (("output_list", replies), ("graded_list", verdicts)):
        if values is not None and len(values) != len(codes):
            raise ValueError(f"{name!r} has {len(values)} entries for {len(codes)} programs")
    return tuple(
        Sample(
            code=code,
            text=replies[index] if replies is not None else "",
            verdict=verdicts[index] if verdicts is not None else None,
        )
        for index, code in enumerate(codes)
    )


def load(
    problems: Sequence[Path],
    samples: Sequence[Path],
    *,
    examples: bool = True,
    n: int | None = None,
    draw: Draw = "first",
    seed: int = 0,
    limit: int | None = None,
) -> Benchmark:
    """A LiveCodeBench benchmark from its files.

    Args:
        problems: One or more files, see :func:`read_problems`.
        samples: One or more files, see :func:`read_outputs`.
        examples: Whether the public tests are shown to the selector.
        n, draw, seed, limit: See :func:`~bestofn.benchmarks.samples.merge`.

    Raises:
        FormatError: a file is not what its format promises.
        InvalidInput: another argument is wrong.
    """
    tested: dict[str, ProblemWithTests] = {}
    for path in problems:
        for entry in read_problems(path, examples=examples):
            if entry.problem.id in tested:
                message = f"question_id {entry.problem.id!r} is also in an earlier problem file"
                raise FormatError(path, message)
            tested[entry.problem.id] = entry
    if not tested:
        raise InvalidInput("problems", "no problem file was given")
    sets = [
        read_outputs(path, label) for path, label in zip(samples, labels_for(samples), strict=True)
    ]
    items, without = merge(tested.values(), sets, n=n, draw=draw, seed=seed, limit=limit)
    return Benchmark(
        name="livecodebench",
        rules="livecodebench",
        items=items,
        limits=LIMITS,
        without_samples=without,
        arguments={
            "problems": [str(path) for path in problems],
            "samples": [str(path) for path in samples],
            "n": n,
            "draw": draw,
            "limit": limit,
        },
    )
