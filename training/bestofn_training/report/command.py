"""``bestofn-train report``: one offline page about training runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bestofn.cli.output import stdout

from ..errors import BadInput
from ..exits import exit_codes
from .findings import ROLES, Role
from .page import render
from .runs import Run, read_run

EPILOG = (
    "Example: bestofn-train report runs/dpo-domain --baseline none=runs/dpo-none "
    '--baseline "meta only"=runs/dpo-meta --output report.html'
)


def report_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    output: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="The page.")] = Path(
        "report.html"
    ),
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=RUN",
            help='none=RUN or "meta only"=RUN; repeatable. Else known by their recipes.',
        ),
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Its heading.")] = "Training report",
) -> None:
    """Losses, learned weights and held-out measures, beside the baselines, as one HTML file.

    Runs may still be going on. The page loads nothing from elsewhere.
    """
    with exit_codes():
        named = _named(baseline or [])
        called = {folder.resolve() for some in named.values() for folder in some}
        plain = [folder for folder in _once(runs) if folder.resolve() not in called]
        names = _names([*plain, *(folder for some in named.values() for folder in some)])

        def read(folders: Sequence[Path]) -> list[Run]:
            return [read_run(folder, names[folder.resolve()]) for folder in folders]

        page = render(
            read(plain), {role: read(folders) for role, folders in named.items()}, title=title
        )
        write_text(output, page)
        stdout().print(f"written: {output} ({len(page.encode()) / 1000:,.0f} kB)")


def write_text(path: Path, text: str) -> None:
    """Write a file that is seen whole or not at all.

    Raises:
        BadInput: the folder cannot be made or written to.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput("--output", f"cannot write {path}: {error.strerror}") from error


def _named(options: Sequence[str]) -> dict[Role, list[Path]]:
    found: dict[Role, list[Path]] = {}
    for option in options:
        name, equals, folder = option.partition("=")
        wanted = " ".join(name.replace("-", " ").lower().split()).replace("meta data", "meta")
        role = next((role for role in ROLES if role == wanted), None)
        if role is None or not equals or not folder:
            raise BadInput("--baseline", f'{option!r} is not none=RUN or "meta only"=RUN')
        found.setdefault(role, []).append(Path(folder))
    return found


def _once(folders: Sequence[Path]) -> list[Path]:
    return list({folder.resolve(): folder for folder in folders}.values())


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """What to call runs: their folder, with as many of those above as tells them apart."""
    found = list(dict.fromkeys(folder.resolve() for folder in folders))
    names = {folder: folder.name for folder in found}
    depth = 1
    while len(set(names.values())) < len(found):
        depth += 1
        names = {folder: "/".join(folder.parts[-depth:]) for folder in found}
    return names
