"""Commands that other distributions bring: loaded when they are called, and not before."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from ..errors import InvalidInput

GROUP = "bestofn.commands"
"""Entry points of this group are functions that take a command's arguments."""

RAW = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For commands whose arguments, ``--help`` included, are read by another distribution."""


def serve(context: typer.Context) -> None:
    """Serve the best of N behind an OpenAI-compatible URL (needs bestofn-gateway)."""
    _run("serve", "bestofn-gateway", context.args)


def _run(command: str, distribution: str, arguments: list[str]) -> None:
    """Hand a command over.

    Raises:
        InvalidInput: the distribution is not installed; says how to install it.
    """
    for entry in entry_points(group=GROUP, name=command):
        entry.load()(arguments)
        return
    raise InvalidInput(command, f"is a package of its own: pip install {distribution}")
