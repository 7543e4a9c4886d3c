"""Text for people on the terminal, JSON for programs."""

from __future__ import annotations

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..benchmarks import BenchmarkResult, Estimate, Group, Pairs
from ..benchmarks.summary import label
from ..judges.neutralize import visible
from ..select import SECONDS
from ..types import Usage

_PLAIN_WIDTH = 100


class _Safe(Console):
    """Shows what steers a terminal instead of obeying it: much of what is printed is foreign."""

    def render_str(self, text: str, **settings: Any) -> Text:
        """What every string that is printed, also in a table, passes through."""
        return super().render_str(visible(text), **settings)


class _Output(_Safe):
    def on_broken_pipe(self) -> None:
        """Leave it to :func:`~bestofn.cli.exits.exit_codes`; rich would end in silence."""
        raise


def stdout() -> Console:
    """A console for results; wide enough for the tables when it is not a terminal."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PLAIN_WIDTH
    return _Output(width=width, highlight=False, markup=False, emoji=False)


def stderr() -> Console:
    """A console for progress, notes and errors."""
    return _Safe(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(line: str) -> None:
    """One plain line on standard error."""
    stderr().print(line)


def spent(usage: Usage) -> str:
    """What calls cost, in a few words."""
    times = "once" if usage.calls == 1 else f"{usage.calls:,} times"
    tokens = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out"
    return f"{times}: {tokens}" + (f", ${usage.dollars:.4f}" if usage.dollars else "")


def print_json(value: Any) -> None:
    """``value`` as JSON on standard output; numbers that JSON lacks become null."""
    print(json.dumps(_finite(value), indent=1, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value


def print_result(result: BenchmarkResult) -> None:
    """The tables of a run and the facts that belong beside them."""
    console = stdout()
    if not result.groups:
        console.print("No figures: the sandbox failed on every problem.")
    else:
        console.print(_table(result))
        if result.groups[-1].pairs:
            console.print(_pairs_table(result))
    for line in _facts(result):
        console.print(line)


def new_table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """A table whose columns are named, texts to the left and numbers to the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _table(result: BenchmarkResult) -> Table:
    table = new_table(
        f"{result.benchmark}: share of problems with a right choice",
        ("problems", "choice"),
        ("right", "95 %", "over random", "ties", "s each", "runs"),
    )
    for group in result.groups:
        for index, row in enumerate(group.rows):
            judged = row.programs_run > 0 or row.seconds > 0
            table.add_row(
                f"{group.name} ({row.accuracy.problems})" if index == 0 else "",
                Text(row.selector + (" *" if row.expected else "")),
                _share(row.accuracy.mean),
                f"{_share(row.accuracy.low)}-{_share(row.accuracy.high)}",
                _gain(row.gain),
                str(row.abstained) if judged else "",
                f"{row.seconds:.2f}" if judged else "",
                str(row.programs_run) if judged else "",
                end_section=index == len(group.rows) - 1,
            )
    return table


def _share(value: float, sign: str = "") -> str:
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.2f}"


def _gain(gain: Estimate | None) -> str:
    return "" if gain is None else f"{_share(gain.low, '+')}..{_share(gain.high, '+')}"


def _pairs_table(result: BenchmarkResult) -> Table:
    table = new_table(
        "pairs in which exactly one program is right",
        ("problems", "choice"),
        ("pairs", "right", "wrong", "undecided", "right if decided"),
    )
    for group in result.groups:
        _add_pairs(table, group)
    return table


def _add_pairs(table: Table, group: Group) -> None:
    for index, (selector, pairs) in enumerate(group.pairs.items()):
        table.add_row(
            group.name if index == 0 else "",
            Text(selector),
            str(pairs.total),
            str(pairs.right),
            str(pairs.wrong),
            str(pairs.undecided),
            _decided(pairs),
            end_section=index == len(group.pairs) - 1,
        )


def _decided(pairs: Pairs) -> str:
    decided = pairs.right + pairs.wrong
    return _share(pairs.right / decided) if decided else "-"


def _facts(result: BenchmarkResult) -> list[str]:
    lines = [
        "* expected value of a random choice: among all candidates, or those that the examples "
        "leave",
        "95 %: bootstrap over problems; over random: the same of the gain, paired; "
        "ties: nothing told the best apart",
    ]
    seed, seconds = result.arguments.get("seed"), result.arguments.get("seconds")
    bound = "no time limit" if seconds is None else f"at most {seconds} s a selection"
    if seconds == "auto":
        bound = f"at most {SECONDS:g} s a selection that asks no model"
    lines.append(
        f"seed {seed}, {bound}, {result.arguments.get('jobs')} workers, "
        f"isolation {result.isolation or 'unused'}, {result.machine.cores} cores, "
        f"Python {result.machine.python}, {result.seconds:.1f} s in all"
    )
    stopped = Counter(
        (label(name), choice.stopped_by)
        for problem in result.problems
        if problem.fault is None
        for name, choice in problem.choices.items()
        if choice.stopped_by is not None
    )
    lines += [
        f"{name}: the limit on {limit} ended {count} selection(s) early"
        for (name, limit), count in stopped.items()
    ]
    costs = {row.selector: row.usage for group in result.groups[-1:] for row in group.rows}
    lines += [f"{name}: asked {spent(usage)}" for name, usage in costs.items() if usage.calls]
    if result.faults:
        lines.append(
            f"left out: {result.faults} problem(s) on which the sandbox failed (see the JSON)"
        )
    if result.without_samples:
        shown = ", ".join(result.without_samples[:4])
        more = ", ..." if len(result.without_samples) > 4 else ""
        lines.append(f"without samples: {len(result.without_samples)} problem(s): {shown}{more}")
    if result.reused:
        lines.append(
            f"{result.reused} step(s) taken over from an earlier run with the same arguments; "
            "remove rows.jsonl from the output folder to do them again"
        )
    return lines
