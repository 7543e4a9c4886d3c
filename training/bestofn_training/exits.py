"""Exit codes: those of ``bestofn``, and one for training that cannot go on."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

import typer

from bestofn.cli.exits import exit_codes as codes_of_bestofn
from bestofn.cli.output import say
from bestofn.errors import InvalidInput

from .errors import BadInput, TrainingError

CANNOT_TRAIN = 6

_PLACES = (
    errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR,
    errno.EPERM, errno.EROFS,
)  # fmt: skip
"""What is wrong with a path that somebody gave."""


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into one line on standard error and an exit code.

    2 to 5 and 130 as :func:`bestofn.cli.exits.exit_codes` has them (bad rows and bad data are
    wrong input: 2, and so are paths that cannot be used); 6: training cannot go on, or a
    package for it is not installed.
    """
    with codes_of_bestofn():
        try:
            yield
        except TrainingError as error:
            if isinstance(error, InvalidInput):
                raise
            say(f"error: {error}")
            raise typer.Exit(CANNOT_TRAIN) from error
        except OSError as error:
            if error.errno not in _PLACES or error.filename is None:
                raise
            place = error.filename2 or error.filename  # of a renaming: where it was to go
            raise BadInput(str(place), f"cannot be used: {error.strerror}") from error
