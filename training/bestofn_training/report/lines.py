"""JSON Lines of a run that may still be going on: a last, half written line is no damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bestofn.errors import FormatError

from ..errors import BadRow

Line = TypeVar("Line")


class Lines(Generic[Line]):
    """The lines of a file, checked one by one as they are read.

    Args:
        path: The file; one that is not there has no lines.
        adapter: What a line must be.

    Attributes:
        half: Whether the last line was cut off in the middle; known when all were read.

    Raises:
        BadRow: when iterated over: any other line that cannot be read; names file, line, field.
        FormatError: the file cannot be read.
    """

    def __init__(self, path: Path, adapter: TypeAdapter[Line]) -> None:
        self.path = path
        self.half = False
        self._adapter = adapter

    def __iter__(self) -> Iterator[Line]:
        """Every whole line."""
        self.half = False
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    try:
                        value = self._adapter.validate_json(line)
                    except ValidationError as error:
                        if not line.endswith(b"\n"):  # only the last line of a file can lack it
                            self.half = True
                            return
                        raise self._complaint(number, error) from error
                    yield value
        except FileNotFoundError:
            return
        except OSError as error:
            raise FormatError(self.path, f"cannot be read: {error.strerror or error}") from error

    def _complaint(self, number: int, error: ValidationError) -> BadRow:
        first = error.errors(include_url=False)[0]
        # The first part of a place inside a union is the name of its member.
        where = ".".join(str(part) for part in first["loc"] if not str(part).endswith("_update"))
        message = first["msg"].removeprefix("Value error, ")
        return BadRow(self.path, number, where, message[:1].lower() + message[1:])
