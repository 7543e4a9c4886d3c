"""The command line of ``bestofn``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The entry point of the ``bestofn`` command.

    Imports the commands here and not above, so that an interruption meanwhile ends quietly.
    """
    try:
        from .app import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
