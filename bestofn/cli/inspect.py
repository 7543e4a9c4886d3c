"""``bestofn inspect``: what a journal holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ..errors import InvalidInput
from ..grading import shorten
from ..journal import Entry, JournalReader, Summary, read_journal
from . import options
from .exits import exit_codes
from .output import new_table, print_json, spent, stdout
from .recorded import NotedComparison, NotedSelection, calls_of, comparisons, selections

EPILOG = "Example: bestofn inspect run.db --call 3"
_WIDTH = 60

Noted = TypeVar("Noted", NotedComparison, NotedSelection)


def inspect(
    journal: Annotated[
        Path, typer.Argument(metavar="FILE", help="A journal, as --journal wrote it.")
    ],
    call: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Show one call in full: prompt, reply and cost."),
    ] = None,
    comparison: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Show one comparison in full, with its calls."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show what was asked, answered and paid."""
    with exit_codes(), read_journal(journal) as reader:
        if call is not None:
            entry = _call(reader, call)
            if json:
                print_json(_plain(entry))
            else:
                _print_entry(entry)
        elif comparison is not None:
            _show_comparison(reader, comparison, json=json)
        elif json:
            print_json(_everything(reader))
        else:
            _print_overview(reader)


def _everything(reader: JournalReader) -> dict[str, Any]:
    return {
        "schema": "bestofn.journal",
        "schema_version": 1,
        "summary": _plain(reader.summary()),
        "calls": [_plain(head) for head in reader.heads()],
        "notes": [_plain(note) for note in reader.notes()],
    }


def _plain(value: Any) -> Any:
    return asdict(value)


def _print_overview(reader: JournalReader) -> None:
    console = stdout()
    summary = reader.summary()
    console.print(f"{reader.path}: asked {spent(summary.usage)}; {_runs(summary)}")
    table = new_table("", ("model", "for", "status"), ("calls", "tokens in", "out", "dollars"))
    for tally in summary.tallies:
        usage = tally.usage
        table.add_row(
            tally.backend,
            tally.purpose,
            tally.status,
            f"{usage.calls:,}",
            f"{usage.input_tokens:,}",
            f"{usage.output_tokens:,}",
            f"{usage.dollars:.4f}" if usage.dollars else "",
        )
    console.print(table)
    notes = new_table("comparisons", ("#", "problem", "shown", "better"), ())
    for made in _once(comparisons(reader)):
        shown = " against ".join(made.shown)
        notes.add_row(str(made.note.id), made.problem, shown, shorten(_better(made), _WIDTH))
    if notes.row_count:
        console.print(notes)
    for line in _selections(reader):
        console.print(line)


def _once(noted: Iterable[Noted]) -> list[Noted]:
    """Notes of the last run that wrote any of a problem: a repeated run writes them again."""
    found = list(noted)
    last = {one.problem: one.note.run for one in found}
    return [one for one in found if last[one.problem] == one.note.run]


def _better(made: NotedComparison) -> str:
    return made.winner if made.winner is not None else f"none: {made.error}"


def _runs(summary: Summary) -> str:
    count = len(summary.runs)
    first = datetime.fromtimestamp(summary.runs[0].at, tz=UTC) if summary.runs else None
    when = f", the first at {first:%Y-%m-%d %H:%M} UTC" if first else ""
    return f"{count} {'run' if count == 1 else 'runs'}{when}"


def _selections(reader: JournalReader) -> Iterator[str]:
    for made in _once(selections(reader)):
        line = f"{made.problem}: chose {made.best} by {made.judge}"
        if made.abstained:
            line += f", undecided: {made.abstained}"
        if made.stopped_by:
            line += f", stopped early by the limit on {made.stopped_by}"
        yield line


def _print_entry(entry: Entry) -> None:
    console = stdout()
    console.print(
        f"Call {entry.id}: {entry.backend}, for {entry.purpose}, {entry.status}; "
        f"asked {spent(entry.usage)}",
        style="bold",
    )
    for message in entry.request.messages:
        console.print(f"[{message.role}]", style="bold")
        console.print(message.content)
    if entry.reply.reasoning:
        console.print("[reasoning]", style="bold")
        console.print(entry.reply.reasoning)
    console.print("[reply]", style="bold")
    console.print(entry.reply.text or f"(nothing: {entry.reply.error})")


def _show_comparison(reader: JournalReader, number: int, *, json: bool) -> None:
    made = next((one for one in comparisons(reader) if one.note.id == number), None)
    if made is None:
        raise InvalidInput(
            "--comparison", f"{reader.path} holds no comparison of the number {number}"
        )
    calls = calls_of(reader, made)
    if json:
        print_json({"comparison": made.note.body, "calls": [_plain(entry) for entry in calls]})
        return
    console = stdout()
    console.print(f"{made.problem}: {' against '.join(made.shown)}: {_better(made)}")
    for entry in calls:
        _print_entry(entry)
    if len(calls) < made.attempts:
        lost = made.attempts - len(calls)
        console.print(f"{lost} of {made.attempts} replies are not in the journal: none came")


def _call(reader: JournalReader, number: int) -> Entry:
    try:
        return reader.entry(number)
    except InvalidInput as error:
        raise InvalidInput("--call", error.message) from error
