"""Exit codes: those of ``bestofn``, and one for training that cannot go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import typer

from bestofn.cli.exits import exit_codes as codes_of_bestofn
from bestofn.cli.output import say
from bestofn.errors import InvalidInput

from .errors import TrainingError

CANNOT_TRAIN = 6


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into one line on standard error and an exit code.

    2 to 5 and 130 as :func:`bestofn.cli.exits.exit_codes` has them (bad rows and bad data are
    wrong input: 2); 6: training cannot go on, or a package for it is not installed.
    """
    with codes_of_bestofn():
        try:
            yield
        except TrainingError as error:
            if isinstance(error, InvalidInput):
                raise
            say(f"error: {error}")
            raise typer.Exit(CANNOT_TRAIN) from error
