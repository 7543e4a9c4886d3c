"""``bestofn-train rollout``: replies of a judge, rewarded, as rows to train on."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bestofn.cli import options
from bestofn.cli.asking import Server, Spending
from bestofn.cli.grouped import grouped
from bestofn.cli.output import new_table, print_json, stderr, stdout
from bestofn.cli.progress import CallCounter
from bestofn.judges.llm import JUDGE_SAMPLING

from ..data.checks import tokenizer_measure
from ..exits import exit_codes
from .preferences import Pairing, Policy
from .reward import Rewards
from .run import KINDS, RolloutSettings, rollout

EPILOG = (
    "Example: bestofn-train rollout data/lower.jsonl data/upper.jsonl "
    "--judge vllm/Qwen/Qwen3-1.7B --n 8"
)
JOURNAL = "rollout.journal"

_LINES = 10  # of plain progress in a whole run


@grouped
def rollout_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Judge inputs: lower.jsonl and others."),
    ],
    judge: Annotated[
        str, typer.Option(metavar="NAME", help="vllm/<model>, openai/<model> or replay/<file>.")
    ],
    server: Server,
    spending: Spending,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Where rows go; beside the inputs."),
    ] = None,
    n: Annotated[int, typer.Option(min=1, metavar="N", help="Replies to each input.")] = 8,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="Of the draws; else as at inference.")
    ] = None,
    max_reply: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Longest reply in tokens; else as at inference."),
    ] = None,
    right: Annotated[float, typer.Option(metavar="R", help="Reward of a right verdict.")] = 1.0,
    wrong: Annotated[float, typer.Option(metavar="R", help="Reward of a wrong one.")] = 0.0,
    format_error: Annotated[
        float, typer.Option(metavar="R", help="Reward of a reply without a readable verdict.")
    ] = -1.0,
    pairing: Annotated[
        Policy,
        typer.Option(
            metavar="matched|all", help="Each reply in one pair at most, or right with every other."
        ),
    ] = "matched",
    max_pairs: Annotated[
        int, typer.Option(min=0, metavar="M", help="Pairs of an input at most; 0 keeps all.")
    ] = 4,
    at_once: Annotated[
        int, typer.Option(min=1, metavar="K", help="Inputs that are asked about side by side.")
    ] = 64,
    tokenizer: Annotated[
        str | None, typer.Option(metavar="PATH", help="Tokenizer, to check lengths beforehand.")
    ] = None,
    context: Annotated[
        int | None, typer.Option(min=1, metavar="T", help="Tokens of a prompt at most.")
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Ask a judge or a teacher about every input; reward and pair its replies.

    A run that was killed goes on where it was when the same command is given again: replies are
    kept in the journal, by default rollout.journal in the folder of the rows.
    """
    with exit_codes():
        sampling = JUDGE_SAMPLING
        if temperature is not None:
            sampling = replace(sampling, temperature=temperature)
        if max_reply is not None:
            sampling = replace(sampling, max_tokens=max_reply)
        settings = RolloutSettings(
            n=n,
            sampling=sampling,
            rewards=Rewards(right=right, wrong=wrong, format_error=format_error),
            pairing=Pairing(policy=pairing, most=max_pairs or None, seed=seed),
            at_once=at_once,
        )
        backend = server.backend(judge)
        measure = tokenizer_measure(tokenizer) if tokenizer else None
        parts: dict[str, Any] = {}
        for path in inputs:
            folder = output or path.parent
            folder.mkdir(parents=True, exist_ok=True)
            kept = replace(spending, journal=spending.journal or folder / JOURNAL)
            counter = CallCounter(live=False)
            with counter, Reporter(path.stem) as reporter:
                parts[path.stem] = rollout(
                    path,
                    backend,
                    folder,
                    calls=kept.calls(judge, on_event=counter.heard),
                    settings=settings,
                    measure=measure,
                    context=context,
                    on_input=reporter.done,
                )
        if json:
            print_json(parts)
        else:
            _print(parts)


class Reporter:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._console = stderr()
        self._started = time.monotonic()
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            if self._console.is_terminal
            else None
        )
        self._task = self._bar.add_task(name, total=None) if self._bar else None

    def __enter__(self) -> Reporter:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def done(self, done: int, total: int) -> None:
        """Note one more input."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif done == total or done * _LINES // total > (done - 1) * _LINES // total:
            seconds = time.monotonic() - self._started
            self._console.print(f"{self._name}: {done}/{total} inputs, {seconds:.0f} s")


def _print(parts: dict[str, Any]) -> None:
    console = stdout()
    table = new_table(
        "replies and the rows that came of them",
        ("inputs of",),
        ("inputs", "with both", "right", "wrong", "format", "none", "pairs", "KTO", "SFT"),
    )
    for name, part in parts.items():
        levels, rows = part["replies"], part["rows"]
        table.add_row(
            name,
            *map(str, (part["inputs"], part["retained"], *levels.values())),
            *(str(rows[kind]) for kind in KINDS[:3]),
        )
    console.print(table)
    for name, part in parts.items():
        for reason, count in part["dropped"].items():
            console.print(f"{name}: {count} input(s) gave no pair: {reason}")
        if part["stopped_by"]:
            console.print(
                f"{name}: the limit on {part['stopped_by']} ended it early; raise it and repeat "
                "the command to go on"
            )
