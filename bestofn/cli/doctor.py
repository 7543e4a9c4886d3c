"""``bestofn doctor``: what this machine really offers, and what protects its user."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from ..benchmarks.results import Machine, package_version
from ..concurrency import run_sync
from ..errors import SandboxUnavailable
from ..sandbox import Level, Protection, probe
from . import options
from .exits import exit_codes
from .output import print_json, stdout


def doctor(json: options.Json = False) -> None:
    """Show what this machine offers, and what protects you from the programs that are run."""
    with exit_codes():
        machine = Machine.this()
        try:
            found, problem = run_sync(probe), ""
        except SandboxUnavailable as error:
            found, problem = None, str(error)
        if json:
            print_json(_as_json(machine, found, problem))
            return
        console = stdout()
        console.print(f"bestofn    {package_version()}")
        console.print(f"python     {machine.python}")
        console.print(f"system     {machine.system}")
        console.print(f"cores      {machine.cores}")
        if found is None:
            console.print(f"isolation  none: {problem}")
        else:
            _print_protection(console, found)


def _as_json(machine: Machine, found: Protection | None, problem: str) -> dict[str, object]:
    data: dict[str, object] = {
        "version": package_version(),
        "python": machine.python,
        "system": machine.system,
        "cores": machine.cores,
        "isolation": None if found is None else str(found.level),
        "missing": [problem] if found is None else list(found.missing),
    }
    if found is not None:
        data["promises"] = [asdict(promise) for promise in found.promises]
        data["advice"] = list(found.advice)
    return data


def _print_protection(console: Console, found: Protection) -> None:
    levels = ", ".join(str(level) for level in Level if level > Level.UNSAFE)
    console.print(f"isolation  {found.level} (of {levels}), tried with a real process")
    console.print()
    console.print("What untrusted programs are kept from:")
    table = Table.grid(padding=(0, 2))
    for promise in found.promises:
        table.add_row(" yes" if promise.kept else " NO", promise.what, promise.how)
    console.print(table)
    for title, lines in (("Lacking", found.missing), ("To get more", found.advice)):
        if lines:
            table = Table.grid(padding=(0, 1))
            for line in lines:
                table.add_row(" -", line)
            console.print(f"\n{title}:")
            console.print(table)
