"""``bestofn-train export``: from a finished run to a judge that can be served."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bestofn.cli.output import print_json, say, stderr, stdout

from .errors import MissingPackage
from .exits import exit_codes

EPILOG = "Example: bestofn-train export runs/first --output judges/first --merged"


def export_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="New, empty or an earlier export; its name is what the judge is served as.",
        ),
    ],
    merged: Annotated[
        bool,
        typer.Option("--merged", help="Also write base and adapter as one model, and check it."),
    ] = False,
    dtype: Annotated[
        Literal["bfloat16", "float32"] | None,
        typer.Option(metavar="TYPE", help="Of the merged weights; else as the base in training."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Write what is served: the adapter, the merged model if wanted, and a card that says how."""
    with exit_codes():
        for package in ("torch", "transformers", "peft"):
            if find_spec(package) is None:
                raise MissingPackage(package, "pip install 'bestofn-training[train]'", "export")
        export = import_module("bestofn_training.export")
        if not stderr().is_terminal:  # bars of its own would be noise in a log
            import_module("transformers.utils.logging").disable_progress_bar()
        _print(export.export_run(run, output, merged=merged, dtype=dtype), json)


def _print(exported: Any, json: bool) -> None:
    for warning in exported.warnings:
        say(f"warning: {warning}")
    if json:
        found = asdict(exported)
        print_json({name: str(v) if isinstance(v, Path) else v for name, v in found.items()})
        return
    console = stdout()
    console.print(f"adapter: {exported.adapter}", soft_wrap=True)
    if exported.merged is not None:
        merge = exported.merge
        console.print(f"merged: {exported.merged}", soft_wrap=True)
        console.print(
            f"  in {merge.dtype}; logits moved by training {merge.effect:.3g}, off by "
            f"{merge.merging:.2g} when merged, by {merge.rounding:.2g} as written",
            soft_wrap=True,
        )
    for kind, command in exported.serving.commands.items():
        console.print(f"serve {kind}: {command}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"more in {exported.folder / 'README.md'}", soft_wrap=True)
