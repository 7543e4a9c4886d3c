"""The command line: commands and their help, nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from ..benchmarks.results import package_version
from . import bench, demo, doctor
from . import select as select_command

EPILOG = (
    "Try: bestofn demo\n\n"
    "Then: bestofn select --problem problem.json --candidates candidates/\n\n"
    "Exit codes: 0 done, 2 wrong input, 3 programs cannot be run here, 130 interrupted."
)

app = typer.Typer(
    name="bestofn",
    help="Choose the best of N candidate programs by running them: no key, no GPU.",
    no_args_is_help=True,
    epilog=EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("select", no_args_is_help=True, epilog=select_command.EPILOG)(select_command.select)
app.add_typer(bench.app, name="bench")
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"bestofn {package_version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Choose the best of N candidate programs by running them: no key, no GPU."""


def main() -> None:
    """The entry point of the ``bestofn`` command."""
    app(prog_name="bestofn")
