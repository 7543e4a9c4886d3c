"""A run as a file of JSON lines."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .types import CallStarted, Event


def _default(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else repr(value)


_strict = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_default).encode


class Trace:
    """A listener that appends every event to a file, one JSON object a line.

    Each line has ``event`` (``call_finished``, ``noted``, ...), ``at`` (seconds since 1970) and
    the fields of the event. A line is with the system before the next thing happens, so a
    killed run leaves whole lines; several runs may share a file. Prompts stand with the reply,
    not with the start of a call. Numbers that JSON does not know (infinity) become null.

    Args:
        path: The file; its folder must exist.

    Raises:
        InvalidInput: the file cannot be opened for writing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            size = os.fstat(self._file).st_size
            if size and os.pread(self._file, 1, size - 1) != b"\n":
                os.write(self._file, b"\n")  # a full disk cut the last line of an earlier run
        except OSError as error:
            raise InvalidInput("trace", f"{path} cannot be written: {error.strerror}") from error

    def __call__(self, event: Event) -> None:
        """Write one event.

        Raises:
            InvalidInput: the file cannot be written any more.
        """
        line = {"event": _name(event), "at": round(time.time(), 6)}
        line |= {field.name: getattr(event, field.name) for field in fields(event)}
        if isinstance(event, CallStarted):
            line["request"] = {"sample": event.request.sample}
        rest = memoryview(_encode(line).encode("ascii") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise InvalidInput(
                "trace", f"{self.path} cannot be written: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Close the file; does nothing the second time."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _name(event: Event) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _encode(line: dict[str, Any]) -> str:
    try:
        return _strict(line)
    except (TypeError, ValueError, RecursionError):
        return _strict(_tame(line, 0))


_DEEPEST = 50


def _tame(value: Any, depth: int) -> Any:
    """The same without what JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if depth > _DEEPEST:
        return "..."
    if is_dataclass(value) and not isinstance(value, type):
        value = _default(value)
    if isinstance(value, Mapping):
        return {str(key): _tame(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_tame(item, depth + 1) for item in value]
    return repr(value)
