"""The command line: commands and their help, nothing else."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..benchmarks.results import package_version
from . import bench, demo, doctor, extensions
from . import inspect as inspect_command
from . import run as run_command
from . import select as select_command
from .exits import exit_codes

EPILOG = (
    "Try: bestofn demo\n\n"
    "Then: bestofn select --problem problem.json --candidates candidates/\n\n"
    "Exit codes: 0 done, 2 wrong input, 3 programs cannot be run here, 4 results cannot be "
    "written, 5 a model cannot be asked, 130 interrupted."
)

app = typer.Typer(
    name="bestofn",
    help="Choose the best of N candidate programs: by running them, or by asking a model.",
    no_args_is_help=True,
    epilog=EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("select", no_args_is_help=True, epilog=select_command.EPILOG)(select_command.select)
app.command("run", no_args_is_help=True, epilog=run_command.EPILOG)(run_command.run)
app.add_typer(bench.app, name="bench")
app.command("inspect", no_args_is_help=True, epilog=inspect_command.EPILOG)(inspect_command.inspect)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("serve", context_settings=extensions.RAW)(extensions.serve)


def _print_version(wanted: bool) -> None:
    if wanted:
        with exit_codes():
            print(f"bestofn {package_version()}")
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
    """Choose the best of N candidate programs: by running them, or by asking a model."""


def run() -> None:
    """Run the command that the process was started with, and end it with an exit code."""
    try:
        # Around everything, for what is printed outside of commands: help and the version.
        with exit_codes():
            try:
                app(prog_name="bestofn")
            finally:
                sys.stdout.flush()
    except typer.Exit as end:
        sys.exit(end.exit_code)
