"""Every error that this package raises on purpose.

::

    BestOfNError
    ├── InvalidInput          what the caller passed is wrong; names the field
    │   └── FormatError       a file is not what its format promises; names file and row
    ├── SandboxError          the place where programs run is at fault, never the program
    │   ├── SandboxUnavailable    it cannot start here, or not at the level that was required
    │   └── SandboxFault          it broke while a program was running
    ├── BackendError          a model cannot be asked at all; says what to do
    │   ├── RequestRejected       the server refuses: wrong key, unknown model, bad setting
    │   └── UnknownRequest        a recording does not hold the answer
    ├── NoCandidate           a model was asked for programs and wrote none
    └── JournalError          the file of paid calls cannot be used

A candidate that fails is data (an :class:`~bestofn.types.Outcome`), never an exception; so is a
single call that fails (a :class:`~bestofn.chat.Reply` with its status).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class BestOfNError(Exception):
    """Base of all errors of this package."""


class InvalidInput(BestOfNError, ValueError):
    """The caller passed something that cannot be used.

    Args:
        field: The argument or attribute at fault, as the caller would write it
            (``"candidates[3]"``, ``"Problem.statement"``).
        message: What is wrong and what to do about it.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class FormatError(InvalidInput):
    """A file does not hold what its format promises.

    Args:
        path: The file.
        message: What is wrong and what to do about it.
        row: 1-based line (JSONL) or element (JSON array), where one is at fault.
    """

    def __init__(self, path: str | Path, message: str, *, row: int | None = None) -> None:
        super().__init__(f"{path}" if row is None else f"{path}:{row}", message)
        self.path = Path(path)
        self.row = row


class SandboxError(BestOfNError):
    """The sandbox is at fault; no verdict about a program follows from this."""


class SandboxUnavailable(SandboxError):
    """The sandbox cannot start on this machine, or not at the level that was required."""


class SandboxFault(SandboxError):
    """The sandbox broke while it ran a program, and again when that was repeated."""


class BackendError(BestOfNError):
    """A model cannot be asked, now or ever; repeating the call would not help."""


class RequestRejected(BackendError):
    """The server refuses such requests: a wrong key, an unknown model, a setting out of range.

    Args:
        message: What the server said and what to do about it; never holds a key.
        status: The HTTP status.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UnknownRequest(BackendError):
    """A recording was asked for an answer that it does not hold."""


class NoCandidate(BestOfNError):
    """A model was asked for programs, and no reply holds one.

    Attributes:
        drawn: The candidates as they are, with the replies and what was wrong with them.
    """

    def __init__(self, drawn: Sequence[Any], stopped_by: str | None = None) -> None:
        limit = f"; the budget of {stopped_by} ended" if stopped_by else ""
        super().__init__(f"none of the {len(drawn)} replies holds a program{limit}")
        self.drawn = tuple(drawn)


class JournalError(BestOfNError):
    """The journal's file cannot be used: not a journal, of a newer version, or not writable."""
