"""The command line ``bestofn-train``: commands and their help, nothing else.

Each command lives in the room whose work it starts; what it needs of torch is imported when it
runs, so that ``data`` and ``rollout`` work without it.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer

from .data import command as data
from .evaluate import command as evaluate
from .exits import exit_codes
from .export_command import EPILOG as EXPORT_EPILOG
from .export_command import export_command
from .report import command as report
from .rollout import command as rollout
from .train_command import EPILOG as TRAIN_EPILOG
from .train_command import train_command

EPILOG = (
    "Try: bestofn-train data demo --split random --output data/\n\n"
    "Exit codes: 0 done, 2 wrong input or bad data, 3 programs cannot be run here, 4 results "
    "cannot be written, 5 a model cannot be asked, 6 training cannot go on, 130 interrupted."
)

app = typer.Typer(
    name="bestofn-train",
    help="Train the judge of bestofn: make data, reward replies, train, measure, export.",
    no_args_is_help=True,
    epilog=EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("rollout", no_args_is_help=True, epilog=rollout.EPILOG)(rollout.rollout_command)
app.command("train", no_args_is_help=True, epilog=TRAIN_EPILOG)(train_command)
app.command("evaluate", no_args_is_help=True, epilog=evaluate.EPILOG)(evaluate.evaluate_command)
app.command("report", no_args_is_help=True, epilog=report.EPILOG)(report.report_command)
app.command("export", no_args_is_help=True, epilog=EXPORT_EPILOG)(export_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"bestofn-train {metadata.version('bestofn-training')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Print the version and stop.",
        ),
    ] = False,
) -> None:
    """Train the judge of bestofn: make data, sample and reward replies, train, measure, export."""


def main() -> None:
    """Run the command that the process was started with, and end it with an exit code."""
    try:
        with exit_codes():
            try:
                app(prog_name="bestofn-train")
            finally:
                sys.stdout.flush()
    except typer.Exit as end:
        sys.exit(end.exit_code)
