"""The package's own plain files: a problem as JSON or text, candidates as programs.

``problem.json`` has the fields of :class:`~bestofn.types.Problem`; each of its ``public_tests``
has ``kind``, ``input`` and ``expected``; ``checker`` is the checker's source. Candidates are
``*.py`` files, a folder of them, or rows of ``id`` and ``code``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, TypeAdapter, ValidationError

from ..errors import FormatError, InvalidInput
from ..types import Candidate, Problem, TestCase, TestKind
from .base import Item
from .reading import RowModel, checked, json_name, read_json, read_rows, read_source, read_text

MOST_BYTES = 64 << 20
"""Larger files are no problem statements and no programs."""

_ROWS = {".jsonl", ".json", ".gz"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _CaseModel(_Strict):
    kind: TestKind
    input: Any
    expected: Any = None

    def as_test(self) -> TestCase:
        return TestCase(kind=self.kind, input=self.input, expected=self.expected)


class _ProblemModel(_Strict):
    statement: str
    id: str | None = None
    title: str = ""
    platform: str = ""
    difficulty: str = ""
    starter_code: str = ""
    entry_point: str | None = None
    public_tests: list[_CaseModel] = []
    generated_tests: list[str] = []
    tolerance: float = 0.0
    checker: str = ""
    metadata: dict[str, Any] = {}


class _CandidateRow(RowModel):
    id: str
    code: str
    text: str = ""


_VERDICTS: TypeAdapter[dict[str, bool]] = TypeAdapter(dict[str, StrictBool])


def read_problem(path: Path, *, default_id: str | None = None) -> Problem:
    """A problem from a file.

    Args:
        path: ``*.json`` with the fields of a Problem; any other file is the statement itself.
        default_id: The id of a problem that names none; the file's name without its ending.

    Raises:
        FormatError: naming the field that is missing or wrong.
    """
    name = default_id or path.stem
    try:
        if path.suffix != ".json":
            return Problem(id=name, statement=read_text(path, limit=MOST_BYTES))
        data = checked(path, None, _ProblemModel, read_json(path, limit=MOST_BYTES))
        return Problem(
            id=data.id or name,
            statement=data.statement,
            title=data.title,
            platform=data.platform,
            difficulty=data.difficulty,
            starter_code=data.starter_code,
            entry_point=data.entry_point,
            public_tests=_as_tests("public_tests", data.public_tests),
            generated_tests=tuple(data.generated_tests),
            tolerance=data.tolerance,
            checker=data.checker,
            metadata=data.metadata,
        )
    except FormatError:
        raise
    except InvalidInput as error:
        raise FormatError(path, str(error)) from error


def _as_tests(field: str, rows: Sequence[_CaseModel]) -> tuple[TestCase, ...]:
    tests: list[TestCase] = []
    for index, row in enumerate(rows):
        try:
            tests.append(row.as_test())
        except InvalidInput as error:
            raise InvalidInput(f"{field}[{index}]", str(error)) from error
    return tuple(tests)


def read_tests(path: Path) -> tuple[TestCase, ...]:
    """A JSON array of tests with ``kind``, ``input`` and ``expected``.

    Raises:
        FormatError: naming the row and the field.
    """
    tests: list[TestCase] = []
    for row, data in read_rows(path, _CaseModel):
        try:
            tests.append(data.as_test())
        except InvalidInput as error:
            raise FormatError(path, str(error), row=row) from error
    return tuple(tests)


def read_candidates(paths: Sequence[Path]) -> tuple[Candidate, ...]:
    """Candidates from folders, programs and row files, in that order.

    Args:
        paths: A folder gives its ``*.py`` files in the order of their names; ``*.jsonl`` and
            ``*.json`` give rows of ``id`` and ``code``; any other file is one program. The id of
            a program is its file's name without the ending, or its path where two would clash.

    Raises:
        FormatError: a file cannot be used, or a folder has no programs.
        InvalidInput: two rows have the same id, or there is no path.
    """
    if not paths:
        raise InvalidInput("candidates", "is empty; name a folder or files with programs")
    programs: list[Path | Candidate] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob("*.py"))
            if not found:
                raise FormatError(path, "is a folder without *.py files")
            programs += found
        elif path.suffix in _ROWS:
            programs += _candidate_rows(path)
        else:
            programs.append(path)
    stems = [entry.stem for entry in programs if isinstance(entry, Path)]
    candidates = tuple(
        entry
        if isinstance(entry, Candidate)
        else Candidate(
            id=entry.stem if stems.count(entry.stem) == 1 else entry.as_posix(),
            code=read_source(entry, limit=MOST_BYTES),
        )
        for entry in programs
    )
    ids = [candidate.id for candidate in candidates]
    if twice := [name for name in dict.fromkeys(ids) if ids.count(name) > 1]:
        raise InvalidInput("candidates", f"two have the id {twice[0]!r}; rename one of them")
    return candidates


def _candidate_rows(path: Path) -> list[Candidate]:
    candidates: list[Candidate] = []
    for row, data in read_rows(path, _CandidateRow):
        try:
            candidates.append(
                Candidate(id=data.id, code=data.code, text=data.text, metadata=data.other_fields)
            )
        except InvalidInput as error:
            raise FormatError(path, str(error), row=row) from error
    return candidates


def read_item(folder: Path) -> Item:
    """One problem of a benchmark kept as a folder.

    Args:
        folder: Has ``problem.json``, ``hidden_tests.json``, ``candidates/*.py`` and, optionally,
            ``verdicts.json`` with true or false for each candidate's id.

    Raises:
        FormatError: a file is missing or wrong.
    """
    verdicts_file = folder / "verdicts.json"
    try:
        return Item(
            problem=read_problem(folder / "problem.json", default_id=folder.name),
            hidden_tests=read_tests(folder / "hidden_tests.json"),
            candidates=read_candidates([folder / "candidates"]),
            verdicts=_read_verdicts(verdicts_file) if verdicts_file.exists() else {},
        )
    except FormatError:
        raise
    except InvalidInput as error:
        raise FormatError(folder, str(error)) from error


def _read_verdicts(path: Path) -> Mapping[str, bool]:
    value = read_json(path)
    try:
        return _VERDICTS.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"{where} must be true or false, got {json_name(first['input'])}"
        raise FormatError(path, message) from error


def read_folder(folder: Path, *, limit: int | None = None) -> tuple[Item, ...]:
    """A benchmark kept as a folder of problem folders, in the order of their names.

    Raises:
        FormatError: a file is missing or wrong, or there is no problem.
    """
    folders = sorted(path.parent for path in folder.glob("*/problem.json"))
    if not folders:
        raise FormatError(folder, "has no folder with a problem.json")
    return tuple(read_item(path) for path in folders[:limit])
