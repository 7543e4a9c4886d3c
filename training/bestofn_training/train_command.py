"""``bestofn-train train``: a recipe, its data, and a trained judge."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from bestofn.cli.output import new_table, print_json, stderr, stdout

from .data import Measure, tokenizer_measure
from .errors import MissingPackage
from .exits import exit_codes
from .recipes import TINY, FileReport, Recipe, check_files, read_recipe

EPILOG = "Example: bestofn-train train cpu/dpo-domain --data data/ --output runs/first"

_LITTLE = 0.05
"""A reach below it hardly reweights."""


def train_command(
    recipe: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE", help="A TOML file, or a name: dpo-domain, cpu/dpo-domain, ..."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Folder of the run; runs/NAME OF THE RECIPE."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the rows: data.folder.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="A folder or a name: model.name.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check recipe and data, then stop.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Train a judge as a recipe says, on rows of `data` and `rollout`.

    A run that was killed goes on from its last checkpoint when the same command is given again.
    """
    with exit_codes():
        settings = [*(changes or [])]
        if data is not None:
            settings.append(f"data.folder={_quoted(data)}")
        if model is not None:
            settings.append(f"model.name={_quoted(model)}")
        wanted = read_recipe(recipe, settings)
        if dry_run:
            _dry_run(wanted, json)
            return
        first = os.environ.get("RANK", "0") == "0"
        trainer = _trainer()
        if first:
            for line in _plan(wanted):
                stderr().print(line)
        folder = output or Path("runs") / recipe.stem
        if not first:  # of several processes one alone speaks
            trainer.train(wanted, folder)
            return
        if not stderr().is_terminal:  # bars of its own would be noise in a log
            import_module("transformers.utils.logging").disable_progress_bar()
        watching = import_module("bestofn_training.trainer.watching")
        with watching.Bar(wanted.micro_steps, stderr()) as bar:
            result = trainer.train(wanted, folder, callbacks=[bar])
        _print(result, json)


def _trainer() -> Any:
    """The room that needs torch."""
    for package in ("torch", "transformers", "peft"):
        if find_spec(package) is None:
            raise MissingPackage(package, "pip install 'bestofn-training[train]'", "training")
    return import_module("bestofn_training.trainer")


def _quoted(text: str) -> str:
    """As a TOML string, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _dry_run(recipe: Recipe, json: bool) -> None:
    measure: Measure | None = None
    note = ""
    if recipe.model.name == TINY:
        note = "lengths were not checked: the tokenizer is made when training starts"
    elif find_spec("transformers") is None:
        note = "lengths were not checked: transformers is not installed"
    else:
        measure = tokenizer_measure(recipe.model.name, recipe.model.template)
    reports = check_files(recipe, measure=measure)
    if json:
        print_json({"plan": _numbers(recipe), "files": _as_data(reports)})
        return
    table = new_table("data", ("for", "file"), ("rows", "problems", "domains"))
    for name, report in reports.items():
        table.add_row(
            name, str(report.path), str(report.rows), str(report.problems), str(len(report.domains))
        )
    console = stdout()
    console.print(table)
    for line in [*_plan(recipe), *([note] if note else [])]:
        console.print(line)


def _numbers(recipe: Recipe) -> dict[str, Any]:
    return {
        "loss": recipe.loss.kind,
        "weights": recipe.weights.kind,
        "micro_steps": recipe.micro_steps,
        "lower_updates": recipe.lower_updates,
        "upper_updates": recipe.upper_updates,
        "reach": recipe.reach,
    }


def _as_data(reports: dict[str, FileReport]) -> dict[str, Any]:
    return {name: asdict(report) | {"path": str(report.path)} for name, report in reports.items()}


def _plan(recipe: Recipe) -> list[str]:
    """How long the run is, and whether weights can move in it."""
    lines = [
        f"{recipe.micro_steps:,} micro-steps, {recipe.lower_updates:,} updates of the judge, "
        f"{recipe.upper_updates:,} of the weights"
    ]
    if recipe.weights.kind in ("domain", "instance-table"):
        lines.append(f"a weight can move by about {recipe.reach:.2g} from where it starts")
        if recipe.reach < _LITTLE:
            lines.append(
                'this hardly reweights; schedule.unit = "update" or a higher upper.rate moves more'
            )
    return lines


def _print(result: Any, json: bool) -> None:
    if json:
        found = asdict(result)
        print_json(found | {name: str(found[name]) for name in ("folder", "adapter")})
        return
    console = stdout()
    console.print(f"adapter: {result.adapter}")
    console.print(
        f"{result.lower_updates} updates of the judge, {result.upper_updates} of the weights, "
        f"which moved by {result.moved.largest:.4f} at most, {result.moved.mean:.4f} on average"
    )
