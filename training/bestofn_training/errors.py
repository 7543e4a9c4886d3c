"""Every error that this package raises on purpose, below the errors of bestofn.

::

    BestOfNError
    └── TrainingError
        ├── BadInput (also InvalidInput)    a setting or an argument is wrong; names it
        │   └── BadRecipe                   a recipe cannot be used; names file and key
        ├── BadRow (also FormatError)       a row cannot be used; names file, row, field, reason
        ├── BadData (also InvalidInput)     good rows that make no usable set
        ├── MissingPackage                  an optional package is not installed; says how to get it
        ├── CheckpointError                 a checkpoint is damaged or belongs to another run
        ├── Diverged                        the loss is not a number, or ran away
        └── OutOfMemory                     the device is too small; says what to change
"""

from __future__ import annotations

from pathlib import Path

from bestofn.errors import BestOfNError, FormatError, InvalidInput


class TrainingError(BestOfNError):
    """Base of all errors of this package."""


class BadInput(TrainingError, InvalidInput):
    """A setting or an argument cannot be used; ``field`` names it."""


class BadRecipe(BadInput):
    """A recipe cannot be used; ``field`` names the file and the key."""


class BadRow(TrainingError, FormatError):
    """A row of a file cannot be used.

    Args:
        path: The file.
        row: Its 1-based line.
        column: The field at fault; empty when it is the whole row.
        reason: What is wrong and what to do about it.
    """

    def __init__(self, path: str | Path, row: int, column: str, reason: str) -> None:
        message = f"field {column!r}: {reason}" if column else reason
        FormatError.__init__(self, path, message, row=row)
        self.column = column
        self.reason = reason


class BadData(TrainingError, InvalidInput):
    """Rows that are good one by one, but make no set that can be trained on.

    Args:
        field: What is at fault (``"upper"``, ``"domains"``).
        message: What is wrong and what to do about it.
    """


class MissingPackage(TrainingError):
    """A package that only some commands need is not installed.

    Args:
        package: Its name.
        command: What installs it.
        needed_for: What cannot be done without it.
    """

    def __init__(self, package: str, command: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs {package}, which is not installed; run: {command}")
        self.package = package
        self.command = command


class CheckpointError(TrainingError):
    """A checkpoint is damaged, incomplete, or belongs to a run with another recipe."""


class Diverged(TrainingError):
    """Training cannot go on: a loss or a weight is not a number, or ran away.

    Args:
        message: What was seen, at which step.
        checkpoint: The last good checkpoint, if there is one.
    """

    def __init__(self, message: str, *, checkpoint: Path | None = None) -> None:
        kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "nothing was kept yet"
        super().__init__(f"{message}; {kept}")
        self.checkpoint = checkpoint


class OutOfMemory(TrainingError):
    """The device has not enough memory; the message says what to change in the recipe."""
