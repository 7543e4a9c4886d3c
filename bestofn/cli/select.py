"""``bestofn select``: one problem, its candidates, the best of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..benchmarks.plain import read_candidates, read_problem
from ..sandbox import Sandbox
from ..select import select as choose
from . import options
from .asking import Judging, Server, Spending
from .exits import exit_codes
from .grouped import grouped
from .output import print_json
from .progress import CallCounter
from .selection import print_selection, selection_json

EPILOG = (
    "Example: bestofn select --problem problem.json --candidates candidates/\n\n"
    "A JSON problem has the fields of bestofn.Problem: statement, and optionally entry_point, "
    "starter_code, public_tests (each with kind, input, expected), tolerance (difference allowed "
    "for numbers with a fraction), checker (source of check(input, expected, output) for several "
    "right answers) and more; any other file is the statement itself."
)


@grouped
def select(
    problem: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The task: a JSON file, or a text or Markdown statement."
        ),
    ],
    candidates: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR|FILE...",
            help="A folder of *.py files, programs, or a JSONL file of id and code.",
        ),
    ],
    server: Server,
    judging: Judging,
    spending: Spending,
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", hidden=True)] = None,
    judge: options.Judge = "consensus",
    seed: options.Seed = 0,
    seconds: options.Seconds = None,
    isolation: options.Isolation = None,
    json: options.Json = False,
) -> None:
    """Choose the best of some candidate programs and say why."""
    with exit_codes():
        judging.check_use(judge)
        server.check_use(judge)
        task = read_problem(problem)
        programs = read_candidates([*candidates, *(more or ())])
        with CallCounter() as counter:
            selection = choose(
                task,
                programs,
                judge=judging.make_judge(judge, server),
                seed=seed,
                seconds=options.bound(seconds),
                sandbox=Sandbox.at(isolation),
                calls=spending.calls(judge, on_event=counter.heard),
            )
        if json:
            print_json(selection_json(task, selection))
        else:
            print_selection(selection)
