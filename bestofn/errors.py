"""Every error that this package raises on purpose.

::

    BestOfNError
    ├── InvalidInput          what the caller passed is wrong; names the field
    │   └── FormatError       a file is not what its format promises; names file and row
    └── SandboxError          the place where programs run is at fault, never the program
        ├── SandboxUnavailable    it cannot start here, or not at the level that was required
        └── SandboxFault          it broke while a program was running

A candidate that fails is data (an :class:`~bestofn.types.Outcome`), never an exception.
"""

from __future__ import annotations

from pathlib import Path


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
