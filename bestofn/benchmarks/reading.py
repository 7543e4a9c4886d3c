"""Rows from files: JSON Lines or one JSON array, plain or gzipped, each row checked.

This is the edge where strangers' files come in, so every complaint names the file, the row, the
field and what to do.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tokenize
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import FormatError

Row = TypeVar("Row", bound=BaseModel)

_GZIP_MAGIC = b"\x1f\x8b"


class RowModel(BaseModel):
    """Base of the row models: no silent conversions, unknown fields are kept."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    @property
    def other_fields(self) -> dict[str, Any]:
        """The fields that the model does not name."""
        return dict(self.model_extra or {})


def read_bytes(path: Path, *, limit: int | None = None) -> bytes:
    """The content of a file, unpacked when it is gzipped (told by its first bytes).

    Args:
        path: A file or a pipe; devices, which may never end, are refused.
        limit: The most bytes it may hold, before and after unpacking.

    Raises:
        FormatError: it cannot be read or unpacked, or is too large.
    """
    most = -1 if limit is None else limit + 1
    try:
        with path.open("rb") as file:
            if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
                raise FormatError(path, "is a device; name a file")
            data = file.read(most)
        if data[:2] == _GZIP_MAGIC and not 0 < most <= len(data):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(most)
    except FileNotFoundError as error:
        raise FormatError(path, "there is no such file") from error
    except OSError as error:  # gzip.BadGzipFile is one too
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise FormatError(path, "is a damaged gzip file; fetch it again") from error
    if limit is not None and len(data) > limit:
        raise FormatError(path, f"holds more than {limit >> 20} MB; is this the right file?")
    return data


def read_text(path: Path, *, limit: int | None = None) -> str:
    """The text of a UTF-8 file; see :func:`read_bytes`.

    Raises:
        FormatError: it cannot be read, unpacked or decoded, or is too large.
    """
    try:
        return read_bytes(path, limit=limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(path, "is not UTF-8 text; save it as UTF-8") from error


def read_source(path: Path, *, limit: int | None = None) -> str:
    """A Python program, decoded as its first two lines declare (UTF-8 unless they do).

    Raises:
        FormatError: it cannot be read or decoded, or is too large.
    """
    data = read_bytes(path, limit=limit)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        message = "is not the text that it declares, or UTF-8; save it as UTF-8"
        raise FormatError(path, message) from error


def read_json(path: Path, *, limit: int | None = None) -> Any:
    """The one JSON value of a file.

    Raises:
        FormatError: it cannot be read, is too large or is not JSON.
    """
    return _parse(path, read_text(path, limit=limit), row=None)


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their 1-based row (line, or element of an array).

    A file whose first character is ``[`` is one JSON array; any other is JSON Lines, where
    empty lines are skipped.

    Raises:
        FormatError: not JSON, not objects, or no rows at all.
    """
    text = read_text(path)
    rows: Iterator[tuple[int, Any]]
    if text.lstrip()[:1] == "[":
        rows = enumerate(_parse(path, text, row=None), start=1)
    else:
        # Not str.splitlines: it also splits at U+2028, which JSON allows inside strings.
        lines = enumerate(text.split("\n"), start=1)
        rows = ((row, _parse(path, line, row=row)) for row, line in lines if line.strip())
    empty = True
    for row, value in rows:
        empty = False
        if not isinstance(value, dict):
            message = f"must be a JSON object, got {json_name(value)}"
            raise FormatError(path, message, row=row)
        yield row, value
    if empty:
        raise FormatError(path, "holds no rows; expected JSON Lines or a JSON array of objects")


def read_rows(path: Path, model: type[Row]) -> Iterator[tuple[int, Row]]:
    """The rows of a file as instances of ``model``.

    Raises:
        FormatError: naming the field that is missing or wrong.
    """
    for row, value in read_objects(path):
        yield row, checked(path, row, model, value)


def checked(path: Path, row: int | None, model: type[Row], value: Any) -> Row:
    """``value`` as a ``model``.

    Raises:
        FormatError: naming the first field that is missing or wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise FormatError(path, _first_complaint(error, value), row=row) from error


def _first_complaint(error: ValidationError, value: Any) -> str:
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return f"must be a JSON object, got {json_name(value)}"
    where = "".join(
        f"[{part}]" if isinstance(part, int) else (f".{part}" if i else str(part))
        for i, part in enumerate(first["loc"])
    )
    if first["type"] == "missing":
        has = ", ".join(list(value)[:8]) if isinstance(value, dict) else json_name(value)
        return f"field {where!r} is missing (the row has: {has}); is this the right file?"
    if first["type"] == "extra_forbidden":
        return f"field {where!r} is not known; remove it or correct its name"
    got = f", got {json_name(first['input'])}" if first["type"].endswith("_type") else ""
    message = first["msg"].removeprefix("Value error, ")
    return f"field {where!r}: {message[:1].lower()}{message[1:]}{got}"


def json_name(value: Any) -> str:
    """What JSON calls a value's type, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
    return type(value).__name__


def _parse(path: Path, text: str, *, row: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = f"column {error.colno}" if row else f"line {error.lineno} column {error.colno}"
        message = f"is not JSON at {at}: {error.msg}"
        if row:
            message += "; each line must be one JSON object"
        raise FormatError(path, message, row=row) from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise FormatError(path, f"cannot be read: {error}", row=row) from error
    except RecursionError as error:
        raise FormatError(path, "is nested too deeply to be read", row=row) from error
