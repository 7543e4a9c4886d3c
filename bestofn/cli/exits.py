"""Exit codes: what a caller's script may rely on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import typer

from ..errors import InvalidInput, SandboxError
from .output import say

BAD_INPUT = 2
NO_SANDBOX = 3
INTERRUPTED = 130


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Turn this package's errors into one line on standard error and an exit code.

    2: the input is wrong. 3: programs cannot be run here. 130: interrupted. Anything else is a
    bug and keeps its traceback.
    """
    try:
        yield
    except InvalidInput as error:
        say(f"error: {error}")
        raise typer.Exit(BAD_INPUT) from error
    except SandboxError as error:
        say(f"error: the sandbox cannot run programs: {error}")
        say("Try `bestofn doctor`, which shows what this machine lacks.")
        raise typer.Exit(NO_SANDBOX) from error
    except KeyboardInterrupt as error:
        say("interrupted")
        raise typer.Exit(INTERRUPTED) from error
