"""``bestofn inspect``: what a journal holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..grading import shorten
from ..journal import Entry, JournalReader, Note, Summary, read_journal
from . import options
from .exits import exit_codes
from .output import new_table, print_json, spent, stdout

EPILOG = "Example: bestofn inspect run.db --call 3"
_WIDTH = 60


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
            entry = reader.entry(call)
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
    for note in _once(reader, "comparison"):
        made = note.body["comparison"]
        better = made["winner"] if made["winner"] is not None else f"none: {made['error']}"
        shown = " against ".join(made["shown"])
        notes.add_row(str(note.id), note.body["problem"], shown, shorten(better, _WIDTH))
    if notes.row_count:
        console.print(notes)
    for line in _selections(reader):
        console.print(line)


def _once(reader: JournalReader, kind: str) -> list[Note]:
    """Notes of the last run that wrote any of a problem: a repeated run writes them again."""
    notes = list(reader.notes(kind=kind))
    last = {note.body["problem"]: note.run for note in notes}
    return [note for note in notes if last[note.body["problem"]] == note.run]


def _runs(summary: Summary) -> str:
    count = len(summary.runs)
    first = datetime.fromtimestamp(summary.runs[0].at, tz=UTC) if summary.runs else None
    when = f", the first at {first:%Y-%m-%d %H:%M} UTC" if first else ""
    return f"{count} {'run' if count == 1 else 'runs'}{when}"


def _selections(reader: JournalReader) -> Iterator[str]:
    for note in _once(reader, "selection"):
        selection = note.body["selection"]
        line = f"{note.body['problem']}: chose {selection['best']['id']} by {selection['judge']}"
        if selection["abstained"]:
            line += f", undecided: {selection['abstained']}"
        if selection["stopped_by"]:
            line += f", stopped early by the limit on {selection['stopped_by']}"
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
    note = _comparison(reader, number)
    made = note.body["comparison"]
    calls = [
        entry
        for entry in reader.entries(purpose="judge")
        if list(entry.label.get("shown", ())) == list(made["shown"])
        and entry.label.get("problem") == note.body["problem"]
    ]
    if json:
        print_json({"comparison": note.body, "calls": [_plain(entry) for entry in calls]})
        return
    console = stdout()
    better = made["winner"] if made["winner"] is not None else f"none: {made['error']}"
    console.print(f"{note.body['problem']}: {' against '.join(made['shown'])}: {better}")
    for entry in calls:
        _print_entry(entry)


def _comparison(reader: JournalReader, number: int) -> Note:
    for note in reader.notes(kind="comparison"):
        if note.id == number:
            return note
    raise typer.BadParameter(f"there is no comparison {number}; see the list without it")
