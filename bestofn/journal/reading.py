"""Looking into a journal: what was asked, answered and paid."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InvalidInput, JournalError
from ..types import Usage
from .codec import load, reply_of, request_of, to_bytes, to_text
from .entries import Entry, Head, Note, RunStarted, Summary, Tally
from .files import connect, failure

_HEAD = "id, at, run, backend, purpose, label, status, calls, input_tokens, output_tokens, dollars"
_SUMS = "sum(calls), sum(input_tokens), sum(output_tokens), sum(dollars)"
_PAGE = 256


class JournalReader:
    """Reads a journal, also while a run writes it; made by :func:`read_journal`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def summary(self) -> Summary:
        """Counts and costs."""
        with self._reading():
            execute = self._connection.execute
            tallies = tuple(
                Tally(
                    backend=to_text(backend),
                    purpose=to_text(purpose),
                    status=to_text(status),
                    usage=_usage(*sums),
                )
                for backend, purpose, status, *sums in execute(
                    f"SELECT backend, purpose, status, {_SUMS} FROM replies "
                    "GROUP BY backend, purpose, status ORDER BY backend, purpose, status"
                )
            )
            return Summary(
                usage=sum((tally.usage for tally in tallies), Usage()),
                tallies=tallies,
                runs=tuple(
                    RunStarted(id=number, at=at)
                    for number, at in execute("SELECT id, at FROM runs ORDER BY id")
                ),
                notes={
                    to_text(kind): count
                    for kind, count in execute(
                        "SELECT kind, count(*) FROM notes GROUP BY kind ORDER BY kind"
                    )
                },
            )

    def heads(self, *, purpose: str | None = None, run: int | None = None) -> Iterator[Head]:
        """Every call in the order of commits, without its texts."""
        for row in self._pages(_HEAD, "replies", purpose=purpose, run=run):
            yield Head(**_head(row))

    def entries(self, *, purpose: str | None = None, run: int | None = None) -> Iterator[Entry]:
        """Every call in the order of commits, in full."""
        columns = f"{_HEAD}, identity, request, reply"
        for row in self._pages(columns, "replies", purpose=purpose, run=run):
            with self._reading():
                entry = _entry(row)
            yield entry

    def entry(self, number: int) -> Entry:
        """One call in full.

        Raises:
            InvalidInput: there is no call of that number.
        """
        with self._reading():
            row = self._connection.execute(
                f"SELECT {_HEAD}, identity, request, reply FROM replies WHERE id = ?", (number,)
            ).fetchone()
            if row is not None:
                return _entry(row)
        raise InvalidInput("entry", f"{self.path} holds no call of the number {number}")

    def notes(self, *, kind: str | None = None, run: int | None = None) -> Iterator[Note]:
        """Verdicts and selections, in the order in which they were written."""
        for number, at, of_run, of_kind, body in self._pages(
            "id, at, run, kind, body", "notes", kind=kind, run=run
        ):
            with self._reading():
                note = Note(id=number, at=at, run=of_run, kind=to_text(of_kind), body=load(body))
            yield note

    def _pages(
        self, columns: str, table: str, **wanted: str | int | None
    ) -> Iterator[tuple[Any, ...]]:
        """Rows, a page at a time: a slow consumer never holds the file's state back."""
        filters = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in filters)
        values = [to_bytes(v) if isinstance(v, str) else v for v in filters.values()]
        seen = 0
        while True:
            with self._reading():
                rows = self._connection.execute(
                    f"SELECT {columns} FROM {table} WHERE id > ?{where} ORDER BY id LIMIT {_PAGE}",
                    [seen, *values],
                ).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            seen = rows[-1][0]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise failure(self.path, error) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise JournalError(f"journal {self.path}: is damaged: {error}") from error


@contextmanager
def read_journal(path: str | Path) -> Iterator[JournalReader]:
    """Open a journal for looking into it; it is not changed.

    Raises:
        JournalError: there is no such file, it is not a journal, or of a newer version.
    """
    connection = connect(Path(path), write=False)
    try:
        yield JournalReader(Path(path), connection)
    finally:
        connection.close()


def _usage(calls: int, input_tokens: int, output_tokens: int, dollars: float) -> Usage:
    return Usage(
        calls=calls, input_tokens=input_tokens, output_tokens=output_tokens, dollars=dollars
    )


def _head(row: tuple[Any, ...]) -> dict[str, Any]:
    number, at, run, backend, purpose, label, status, *usage = row
    return {
        "id": number,
        "at": at,
        "run": run,
        "backend": to_text(backend),
        "purpose": to_text(purpose),
        "label": load(label),
        "status": to_text(status),
        "usage": _usage(*usage),
    }


def _entry(row: tuple[Any, ...]) -> Entry:
    *head, identity, request, reply = row
    return Entry(
        **_head(tuple(head)),
        identity=to_text(identity),
        request=request_of(request),
        reply=reply_of(reply),
    )
