"""Stand-ins for the standard streams with the oddities of LiveCodeBench's, which they note."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TextIO

from . import lcb_slips as slips

Note = Callable[[str], None]


class StdinMock:
    """What ``sys.stdin`` is during a test.

    Reading by line works; the other ways answer from the whole text each time. What is not
    here is asked of a ``StringIO``, and what Python asks of a type (iteration) is missing.

    Args:
        text: The input.
        note: Told of each oddity that is met.

    Raises:
        UnicodeEncodeError: the text has no bytes.
    """

    def __init__(self, text: str, note: Note) -> None:
        self._text = text
        self._note = note
        self._stream = io.StringIO(text)
        self._was_read = False
        self.readline = self._stream.readline
        self.buffer = BufferMock(text.encode("utf-8"), note)

    def read(self, *arguments: Any) -> str:
        """The whole text, always."""
        partly = bool(arguments) and arguments[0] not in (None, -1)
        if partly or self._was_read or self._stream.tell():
            self._note(slips.READS_IN_PARTS)
        self._was_read = True
        return self._text

    def readlines(self, *_arguments: Any) -> list[str]:
        """All lines without their ends; behind the last line end comes an empty one."""
        self._note(slips.READS_LINES)
        return self._text.split("\n")

    def end(self) -> None:
        """No more is read."""
        if self._was_read and not self._stream.closed and self._stream.tell():
            self._note(slips.READS_IN_PARTS)

    def __getattr__(self, name: str) -> Any:
        if name in ("detach", "name", "mode", "reconfigure", "raw"):
            self._note(slips.STDIN_DESCRIPTOR)
        return getattr(self._stream, name)

    def __iter__(self) -> NoReturn:
        self._note(slips.ITERATES_STDIN)
        raise TypeError("the evaluator's sys.stdin is not iterable")

    __next__ = __iter__

    def __enter__(self) -> NoReturn:
        self._note(slips.STDIN_AS_CONTEXT)
        raise TypeError("the evaluator's sys.stdin does not support the context manager protocol")

    def __exit__(self, *details: object) -> None:
        """Never reached; Python looks for it before it enters."""


class PlainStdin(io.StringIO):
    """What ``sys.stdin`` was before May 2025: text, and no bytes below.

    Args:
        text: The input.
        note: Told of each oddity that is met.
    """

    def __init__(self, text: str, note: Note) -> None:
        super().__init__(text)
        self._note = note

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_"):
            self._note(slips.NO_BUFFER)
        raise AttributeError(f"'_io.StringIO' object has no attribute {name!r}")

    def end(self) -> None:
        """No more is read."""


class BufferMock:
    """What ``sys.stdin.buffer`` is: the whole, or the first line, again and again."""

    def __init__(self, data: bytes, note: Note) -> None:
        self._data = data
        self._note = note
        self._reads = 0

    def read(self, *arguments: Any) -> bytes:
        """All bytes, always."""
        if self._reads or (arguments and arguments[0] not in (None, -1)):
            self._note(slips.BUFFER_IN_PARTS)
        self._reads += 1
        return self._data

    def readline(self, *_arguments: Any) -> bytes:
        """The first line, always."""
        if self._reads:
            self._note(slips.BUFFER_LINE)
        self._reads += 1
        return self._data.split(b"\n")[0] + b"\n"

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("__"):
            self._note(slips.BUFFER_OTHER)
        raise AttributeError(f"the evaluator's sys.stdin.buffer has no attribute {name!r}")

    def __iter__(self) -> NoReturn:
        self._note(slips.ITERATES_BUFFER)
        raise TypeError("the evaluator's sys.stdin.buffer is not iterable")

    __next__ = __iter__


class Captured(io.StringIO):
    """What ``sys.stdout`` is during a test.

    Args:
        note: Told of each oddity that is met.
    """

    def __init__(self, note: Note) -> None:
        super().__init__()
        self._note = note
        self._in_use = False
        self.text = ""

    def close(self, *arguments: Any) -> None:
        """Takes one argument that nobody gives."""
        if not self._in_use:  # the end of the object, not of a program's output
            super().close()
        elif len(arguments) != 1:
            self._note(slips.STDOUT_CLOSED)
            raise TypeError("the evaluator's sys.stdout.close needs an argument")

    def fileno(self) -> int:
        """Has none."""
        if self._in_use:
            self._note(slips.STDOUT_FILE)
        return super().fileno()

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_"):
            self._note(slips.STDOUT_FILE)
        raise AttributeError(f"'_io.StringIO' object has no attribute {name!r}")

    def __enter__(self) -> Captured:
        self._before: TextIO = sys.stdout
        self._in_use = True
        sys.stdout = self
        return self

    def __exit__(self, *details: object) -> None:
        self._in_use = False
        self.text = self.getvalue()
        sys.stdout = self._before


def _nobody(_slip: str) -> None:
    """Whom streams tell before they are told whom to tell."""


class _HiddenInput(io.FileIO):
    """The process's own standard input, which is empty.

    Text is read through Python's own class: one derived from it iterates in another way.
    """

    note: Note = staticmethod(_nobody)

    def readinto(self, buffer: Any, /) -> int | None:
        self.note(slips.EARLY_STDIN_REST)
        return super().readinto(buffer)

    def readall(self) -> bytes | None:  # type: ignore[override]
        self.note(slips.EARLY_STDIN_REST)
        return super().readall()


class _HiddenOutput(io.TextIOWrapper):
    """The process's own standard output, which nobody looks at."""

    note: Note = staticmethod(_nobody)

    def write(self, text: str, /) -> int:
        self.note(slips.EARLY_STDOUT)
        return super().write(text)

    @property
    def buffer(self) -> Any:
        """The stream below."""
        self.note(slips.EARLY_STDOUT)
        return super().buffer


def hide_streams(note: Note) -> None:
    """Give this process the streams that a program finds when it is loaded: all lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin.close()
    source = _HiddenInput(null, "r", closefd=False)
    sink = _HiddenOutput(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
    source.note = sink.note = note
    sys.stdin = io.TextIOWrapper(io.BufferedReader(source), encoding="utf-8")
    sys.stdout = sys.__stdout__ = sink  # type: ignore[misc]


@contextlib.contextmanager
def feeding(text: str, note: Note, *, mocked: bool) -> Iterator[None]:
    """Put an input where programs look for it, and everything back afterwards.

    The stream that a program may have taken from ``sys`` when it was loaded has its methods
    replaced as well.

    Args:
        text: The input.
        note: Told of each oddity that is met.
        mocked: Whether standard input is a mock, as it is since May 2025.
    """
    mock: Any = StdinMock(text, note) if mocked else PlainStdin(text, note)
    lines = iter(text.split("\n"))

    def noted(function: Callable[[], Any]) -> Callable[..., Any]:
        def method(*_arguments: Any) -> Any:
            note(slips.EARLY_STDIN)
            return function()

        return method

    stream, opener = sys.stdin, builtins.open
    replaced = {
        "read": noted(lambda: text),
        "readlines": noted(lambda: text.split("\n")),
        "readline": noted(lambda: next(lines)),
    }
    for name, method in replaced.items():
        setattr(stream, name, method)
    sys.stdin = mock
    builtins.open = _opener(text, note)
    try:
        yield
    finally:
        mock.end()
        builtins.open = opener
        sys.stdin = stream
        for name in replaced:
            delattr(stream, name)


def _opener(text: str, note: Note) -> Callable[..., Any]:
    """``builtins.open`` during a test: every file holds the input."""
    made: list[Any] = []

    def opener(*arguments: Any, **named: Any) -> Any:
        note(slips.PATCHED_OPEN)
        if not made:
            from unittest.mock import mock_open  # slow to import, and hardly ever needed

            made.append(mock_open(read_data=text))
        return made[0](*arguments, **named)

    return opener
