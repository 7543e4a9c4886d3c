"""The log of a run: every finished step, so that an interrupted run loses nothing.

A step is looked up by a digest of all it depends on; a run that is started again with the same
arguments finds what is done, and one with other arguments finds nothing that it must not use.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import FormatError, InvalidInput
from .results import Choice, Grades

Step = TypeVar("Step", Grades, Choice)

_KINDS: dict[type[Grades] | type[Choice], str] = {Grades: "grades", Choice: "choice"}


def digest(*parts: object) -> str:
    """A key for a step: SHA-256 of what it depends on, given as values with a stable repr."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class RowLog:
    """Steps kept in ``rows.jsonl``, one a line, appended as they finish.

    Args:
        path: The file, or None to keep nothing.

    Raises:
        FormatError: the file holds something else.
        InvalidInput: the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._done: dict[str, dict[str, Any]] = {}
        self._file: int | None = None
        self.reused = 0

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            message = f"cannot write {self._path}: {error.strerror}"
            raise InvalidInput("output", message) from error
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            # The last line was being written when the run ended; that step is done again.
            os.truncate(self._file, whole)
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], start=1):
            self._read(self._path, number, line)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self, path: Path, number: int, line: bytes) -> None:
        try:
            row = json.loads(line)
            self._done[f"{row['kind']}/{row['key']}"] = row["step"]
        except (ValueError, KeyError, TypeError) as error:
            message = "is not a row of a bestofn run; use another --output or remove the file"
            raise FormatError(path, message, row=number) from error

    def find(self, kind: type[Step], key: str) -> Step | None:
        """The step with this key, if an earlier run finished it.

        Raises:
            FormatError: the row does not hold such a step.
        """
        step = self._done.get(f"{_KINDS[kind]}/{key}")
        if step is None or self._path is None:
            return None
        try:
            found = TypeAdapter(kind).validate_python(step)
        except ValidationError as error:
            message = f"the row with key {key} is damaged; remove it"
            raise FormatError(self._path, message) from error
        self.reused += 1
        return found

    def add(self, problem: str, judge: str | None, key: str, step: Grades | Choice) -> None:
        """Keep a finished step; it is on disk, whole, when this returns."""
        if self._file is None:
            return
        row = {
            "kind": _KINDS[type(step)],
            "problem": problem,
            "judge": judge,
            "key": key,
            "step": asdict(step),
        }
        data = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
        while data:  # a write may be short; O_APPEND keeps each piece at the end
            data = data[os.write(self._file, data) :]
