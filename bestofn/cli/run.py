"""``bestofn run``: draw candidates from a model, then choose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..benchmarks.plain import read_problem
from ..best_of_n import best_of_n
from ..judges.neutralize import visible
from ..policies import ChatPolicy
from ..sandbox import Sandbox
from ..types import Candidate, Selection
from . import options
from .asking import Judging, Server, Spending
from .exits import exit_codes
from .grouped import grouped
from .output import print_json, say
from .progress import CallCounter
from .selection import print_selection, selection_json

EPILOG = (
    "Example: bestofn run --problem problem.json --policy openai/gpt-5-mini --n 8 "
    "--judge openai/gpt-5-mini --max-calls 24 --journal run.db\n\n"
    "The key is read from the environment (OPENAI_API_KEY unless --key-from names another)."
)


@grouped
def run(
    problem: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The task: a JSON file, or a text or Markdown statement."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="Who writes: openai/<model>, vllm/<model> or replay/<file>."
        ),
    ],
    server: Server,
    judging: Judging,
    spending: Spending,
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="Candidates to draw.")] = 8,
    judge: options.Judge = "consensus",
    seed: options.Seed = 0,
    seconds: options.Seconds = None,
    isolation: options.Isolation = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Write every candidate and best.py there."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Draw candidates from a model and choose the best of them."""
    with exit_codes():
        judging.check_use(judge)
        task = read_problem(problem)
        writer = server.backend(policy)
        with CallCounter() as counter:
            selection = best_of_n(
                task,
                policy=ChatPolicy(writer),
                n=n,
                judge=judging.make_judge(judge, server),
                seed=seed,
                seconds=options.bound(seconds),
                sandbox=Sandbox.at(isolation),
                calls=spending.calls(policy, judge, on_event=counter.heard),
            )
        if save is not None:
            _save(save, selection)
        if json:
            print_json(selection_json(task, selection))
        else:
            print_selection(selection)
            if save is None:
                print(visible(selection.best.code))


def _save(folder: Path, selection: Selection) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for candidate in selection.candidates:
        _write(folder / f"{candidate.id}.py", candidate)
    _write(folder / "best.py", selection.best)
    say(f"wrote {len(selection.candidates)} candidates and best.py to {folder}")


def _write(path: Path, candidate: Candidate) -> None:
    path.write_text(candidate.code, encoding="utf-8")
