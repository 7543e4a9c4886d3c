"""HumanEval's files: problems, samples, and tests that a model wrote.

Formats of https://github.com/openai/human-eval (Chen et al. 2021, arXiv 2107.03374) and of
CodeT's released tests (Chen et al. 2022, arXiv 2207.10397).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import StrictBool

from ..errors import FormatError, InvalidInput
from ..probes.calls.docstring import docstring_examples
from ..sandbox import Limits
from ..types import Problem, TestCase
from .assertions import clean_assertions
from .base import Benchmark
from .reading import RowModel, read_rows
from .samples import Draw, ProblemWithTests, Sample, SampleSet, labels_for, merge

LIMITS = Limits(seconds=3.0)
"""For hidden tests: the upstream evaluator's time limit, here of processor time."""


class _ProblemRow(RowModel):
    task_id: str
    prompt: str
    entry_point: str
    test: str
    canonical_solution: str = ""


class _SampleRow(RowModel):
    task_id: str
    completion: str
    passed: StrictBool | None = None


class _GeneratedRow(RowModel):
    task_id: str
    samples: list[str]


def read_problems(
    path: Path,
    *,
    examples: bool = True,
    generated_tests: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[ProblemWithTests, ...]:
    """HumanEval's problem file (JSONL, also gzipped as it is published).

    Args:
        path: Rows with ``task_id``, ``prompt``, ``entry_point``, ``test``.
        examples: Whether the examples of the docstring become public tests.
        generated_tests: Assertions by problem id, from :func:`read_generated_tests`.

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
                    statement=data.prompt,
                    platform="humaneval",
                    starter_code=data.prompt,
                    entry_point=data.entry_point,
                    public_tests=_examples(data) if examples else (),
                    generated_tests=(generated_tests or {}).get(data.task_id, ()),
                ),
                hidden_tests=(TestCase(kind="assertion", input=data.test),),
            )
        except FormatError:
            raise
        except InvalidInput as error:
            raise FormatError(path, str(error), row=row) from error
    return tuple(problems.values())


def _examples(data: _ProblemRow) -> tuple[TestCase, ...]:
    return tuple(
        TestCase(kind="call", input=example.arguments, expected=example.expected)
        for example in docstring_examples(data.prompt, data.entry_point)
    )


def read_samples(path: Path, label: str, prompts: Mapping[str, str]) -> SampleSet:
    """HumanEval samples (JSONL), with or without the evaluator's ``passed``.

    The program is ``prompt + completion``, as in the upstream evaluator, uncut. Some published
    files were stripped, so that a body's first line has lost its indentation; where no completion
    of a file begins with white space, see :func:`restored`.

    Args:
        path: Rows with ``task_id``, ``completion``, optionally ``passed``; further fields go
            to the candidates' metadata.
        label: Names the file in candidate ids.
        prompts: The prompt of each known problem.

    Raises:
        FormatError: naming the row and the field, or a problem that is not known.
    """
    found: dict[str, list[Sample]] = {}
    rows = list(read_rows(path, _SampleRow))
    stripped = not any(data.completion[:1].isspace() for _, data in rows)
    for row, data in rows:
        if data.task_id not in prompts:
            raise FormatError(
                path,
                f"task_id {data.task_id!r} is not in the problem file; "
                "pass the problem file that these samples were made from",
                row=row,
            )
        prompt = prompts[data.task_id]
        found.setdefault(data.task_id, []).append(
            Sample(
                code=restored(prompt, data.completion) if stripped else prompt + data.completion,
                text=data.completion,
                verdict=data.passed,
                metadata=data.other_fields,
            )
        )
    return SampleSet(
        label=label, path=path, samples={name: tuple(rows) for name, rows in found.items()}
    )


def restored(prompt: str, completion: str) -> str:
    """``prompt + completion`` with the indentation of the completion's first line put back.

    Only where the plain sum is not valid Python and the indented one is: a completion that is a
    whole function, and one that is broken anyhow, stay as they are.
    """
    plain = prompt + completion
    last_line = prompt.rstrip().rsplit("\n", 1)[-1]
    indent = last_line[: len(last_line) - len(last_line.lstrip())] or "    "
    indented = prompt + indent + completion
    return indented if not _is_python(plain) and _is_python(indented) else plain


def _is_python(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but valid code is the model's business
            compile(source, "<sample>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def read_generated_tests(
    path: Path, entry_points: Mapping[str, str], *, per_sample: int | None = 5
) -> dict[str, tuple[str, ...]]:
    """Tests that a model wrote: rows of ``task_id`` and ``samples``, a list of texts.

    Each text continues a prompt that ended in ``assert``; see
    :func:`~bestofn.benchmarks.assertions.clean_assertions`.

    Args:
        path: The file.
        entry_points: The function under test of each known problem.
        per_sample: Keep this many assertions of a text (the first 5 in CodeT, section 4.1);
            None keeps all.

    Returns:
        For each problem id its assertions in order, repeats included.

    Raises:
        FormatError: naming the row and the field, or a problem that is unknown or there twice.
    """
    tests: dict[str, tuple[str, ...]] = {}
    for row, data in read_rows(path, _GeneratedRow):
        if data.task_id not in entry_points:
            message = f"task_id {data.task_id!r} is not in the problem file"
            raise FormatError(path, message, row=row)
        if data.task_id in tests:
            message = f"task_id {data.task_id!r} is there twice; put all its samples in one row"
            raise FormatError(path, message, row=row)
        tests[data.task_id] = tuple(
            source
            for text in data.samples
            for source in clean_assertions(text, entry_points[data.task_id], limit=per_sample)
        )
    return tests


def load(
    problems: Path,
    samples: Sequence[Path],
    *,
    generated_tests: Path | None = None,
    tests_per_sample: int | None = 5,
    examples: bool = True,
    n: int | None = None,
    draw: Draw = "first",
    seed: int = 0,
    limit: int | None = None,
) -> Benchmark:
    """A HumanEval benchmark from its files.

    Args:
        problems: See :func:`read_problems`.
        samples: One or more files, see :func:`read_samples`.
        generated_tests: See :func:`read_generated_tests`.
        tests_per_sample: Assertions kept of each generated text.
        examples: Whether docstring examples become public tests.
        n, draw, seed, limit: See :func:`~bestofn.benchmarks.samples.merge`.

    Raises:
        FormatError: a file is not what its format promises.
        InvalidInput: another argument is wrong.
    """
    plain = read_problems(problems, examples=False)
    entry_points = {p.problem.id: p.problem.entry_point or "" for p in plain}
    prompts = {p.problem.id: p.problem.starter_code for p in plain}
    sets = [
        read_samples(path, label, prompts)
        for path, label in zip(samples, labels_for(samples), strict=True)
    ]
    generated = (
        read_generated_tests(generated_tests, entry_points, per_sample=tests_per_sample)
        if generated_tests
        else None
    )
    tested = read_problems(problems, examples=examples, generated_tests=generated)
    items, without = merge(tested, sets, n=n, draw=draw, seed=seed, limit=limit)
    return Benchmark(
        name="humaneval",
        rules="humaneval",
        items=items,
        limits=LIMITS,
        without_samples=without,
        arguments={
            "problems": str(problems),
            "samples": [str(path) for path in samples],
            "generated_tests": str(generated_tests) if generated_tests else None,
            "tests_per_sample": tests_per_sample if generated_tests else None,
            "n": n,
            "draw": draw,
            "limit": limit,
        },
    )
