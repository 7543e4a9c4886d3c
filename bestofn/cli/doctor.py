"""``bestofn doctor``: what this machine really offers."""

from __future__ import annotations

from ..benchmarks.results import Machine, package_version
from ..concurrency import run_sync
from ..sandbox import probe_level
from . import options
from .exits import exit_codes
from .output import print_json, stdout


def doctor(json: options.Json = False) -> None:
    """Show what this machine offers: isolation that really works, Python, cores."""
    with exit_codes():
        machine = Machine.this()
        level, missing = run_sync(probe_level)
        if json:
            print_json(
                {
                    "version": package_version(),
                    "python": machine.python,
                    "system": machine.system,
                    "cores": machine.cores,
                    "isolation": str(level),
                    "missing": list(missing),
                }
            )
            return
        console = stdout()
        console.print(f"bestofn    {package_version()}")
        console.print(f"python     {machine.python}")
        console.print(f"system     {machine.system}")
        console.print(f"cores      {machine.cores}")
        console.print(f"isolation  {level} (of basic, light, full), tried with a real program")
        for reason in missing:
            console.print(f"  lacking: {reason}")
