"""Exit codes: what a caller's script may rely on."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

import typer

from ..errors import BackendError, InvalidInput, JournalError, NoCandidate, SandboxError
from .output import say

BAD_INPUT = 2
NO_SANDBOX = 3
NOT_WRITTEN = 4
NO_MODEL = 5
INTERRUPTED = 130

_LOST = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO)


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Turn this package's errors into one line on standard error and an exit code.

    2: the input is wrong. 3: programs cannot be run here. 4: results could not be written.
    5: a model cannot be asked, or wrote no program. 130: interrupted. Anything else is a bug
    and keeps its traceback.
    """
    try:
        yield
        sys.stdout.flush()
    except (InvalidInput, JournalError) as error:
        say(f"error: {error}")
        raise typer.Exit(BAD_INPUT) from error
    except SandboxError as error:
        say(f"error: the sandbox cannot run programs: {error}")
        say("Try `bestofn doctor`, which shows what this machine lacks.")
        raise typer.Exit(NO_SANDBOX) from error
    except (BackendError, NoCandidate) as error:
        say(f"error: {error}")
        raise typer.Exit(NO_MODEL) from error
    except KeyboardInterrupt as error:
        say("interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except OSError as error:
        if error.errno not in _LOST:
            raise
        _forget_output()
        say(f"error: the results could not be written: {error.strerror}")
        raise typer.Exit(NOT_WRITTEN) from error


def _forget_output() -> None:
    """Let what is left in the buffer go nowhere: Python would fail on it again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
