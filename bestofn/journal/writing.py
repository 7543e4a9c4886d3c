"""The journal of a run: looked up in the event loop, written by a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..chat import Reply
from ..errors import JournalError
from .codec import dump, reply_bytes, reply_of, to_bytes
from .files import connect, failure

KEPT = frozenset({"ok", "length", "refusal", "empty", "malformed", "context_overflow"})
"""Statuses of replies that are answers. Of the others (``unavailable``, ``stalled``) a repeated
run may hope for better."""

_REPLY = (
    "key",
    "at",
    "run",
    "backend",
    "identity",
    "purpose",
    "label",
    "status",
    "calls",
    "input_tokens",
    "output_tokens",
    "dollars",
    "request",
    "reply",
)
_NOTE = ("at", "run", "kind", "body")
_ROWS = 32
"""Rows of one statement: each statement is a fight for the interpreter's lock."""

_LARGEST = (1 << 63) - 1

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One answered draw, to be kept.

    Attributes:
        key, request: As :func:`~bestofn.journal.keys_of` gives them.
        backend: The backend's name.
        identity: The backend's identity.
        purpose: What the call was for.
        label: JSON, as :func:`~bestofn.journal.codec.dump` gives it.
        reply: What came back.
    """

    key: bytes
    request: bytes
    backend: str
    identity: str
    purpose: str
    label: bytes
    reply: Reply


@dataclass(frozen=True)
class _Batch:
    replies: list[Row]
    notes: list[Row]
    done: asyncio.Future[None] | None = None
    last: bool = False


class Journal:
    """Every paid call of a run; belongs to the event loop it was opened in.

    Args:
        path: The file; made when it is missing.

    Raises:
        JournalError: the file cannot be used; says why and what to do.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._writer = connect(self.path, write=True)
        try:
            cursor = self._writer.execute("INSERT INTO runs (at) VALUES (?)", (time.time(),))
            self.run = cursor.lastrowid or 0
            """The number of this opening."""
            self._reader = connect(self.path, write=False)
        except sqlite3.Error as error:
            self._writer.close()
            raise failure(self.path, error) from error
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: SimpleQueue[_Batch] = SimpleQueue()
        self._lost_note: JournalError | None = None
        self._thread = threading.Thread(target=self._write, name="bestofn-journal", daemon=True)
        self._thread.start()

    def get(self, key: bytes) -> Reply | None:
        """The reply that was committed under this key, by this process or another.

        Raises:
            JournalError: the file cannot be read any more.
        """
        try:
            row = self._reader.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise failure(self.path, error) from error
        if row is None:
            return None
        try:
            return reply_of(row[0])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise JournalError(
                f"journal {self.path}: is damaged; move it away, the run will start a new one"
            ) from error

    def put(self, calls: Iterable[Call]) -> asyncio.Future[None]:
        """Keep replies; the future is done once they are committed.

        They are on their way when this returns: a caller that stops waiting loses nothing. A
        key that is there already keeps its first reply.

        Raises:
            JournalError: (from the future) the file could not be written.
        """
        at = time.time()
        rows = [
            (
                call.key,
                at,
                self.run,
                to_bytes(call.backend),
                to_bytes(call.identity),
                to_bytes(call.purpose),
                call.label,
                to_bytes(call.reply.status),
                min(call.reply.usage.calls, _LARGEST),
                min(call.reply.usage.input_tokens, _LARGEST),
                min(call.reply.usage.output_tokens, _LARGEST),
                call.reply.usage.dollars,
                call.request,
                reply_bytes(call.reply),
            )
            for call in calls
            if call.reply.status in KEPT
        ]
        self._loop = self._loop or asyncio.get_running_loop()
        done: asyncio.Future[None] = self._loop.create_future()
        if rows:
            self._queue.put(_Batch(rows, [], done))
        else:
            done.set_result(None)
        return done

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Keep a verdict or a selection; written soon, at the latest by :meth:`close`.

        Raises:
            InvalidInput: the body has no JSON form.
        """
        row = (time.time(), self.run, to_bytes(kind), dump("body", body))
        self._queue.put(_Batch([], [row]))

    def close(self) -> None:
        """Write what is left and close the file. Waits for the writer; call it in a thread.

        Raises:
            JournalError: a note could not be written.
        """
        if not self._thread.is_alive():
            return
        self._reader.close()  # the writer goes last: it alone can fold the WAL into the file
        self._queue.put(_Batch([], [], last=True))
        self._thread.join()
        if self._lost_note is not None:
            raise self._lost_note

    def _write(self) -> None:
        """The thread: everything that has arrived meanwhile goes into one transaction."""
        last = False
        while not last:
            batches = [self._queue.get()]
            try:
                while True:
                    batches.append(self._queue.get_nowait())
            except Empty:
                last = any(batch.last for batch in batches)
            error = self._commit(batches)
            waiting = [batch.done for batch in batches if batch.done is not None]
            if error is not None and any(batch.notes for batch in batches):
                self._lost_note = error
            if waiting and self._loop is not None:
                try:
                    self._loop.call_soon_threadsafe(_wake, waiting, error)
                except RuntimeError:
                    continue  # the loop is closed: nobody waits, and the file is written
        self._writer.close()

    def _commit(self, batches: list[_Batch]) -> JournalError | None:
        replies = [row for batch in batches for row in batch.replies]
        notes = [row for batch in batches for row in batch.notes]
        if not replies and not notes:
            return None
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._insert("replies", _REPLY, replies)
                self._insert("notes", _NOTE, notes)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        except Exception as error:  # whatever it is, those who wait must hear of it
            return failure(self.path, error)
        return None

    def _insert(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        one = f"({', '.join('?' * len(columns))})"
        while rows:
            size = _ROWS if len(rows) >= _ROWS else 1 << (len(rows).bit_length() - 1)
            part, rows = rows[:size], rows[size:]
            self._writer.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) "
                f"VALUES {', '.join([one] * size)}",
                [value for row in part for value in row],
            )


def _wake(waiting: list[asyncio.Future[None]], error: JournalError | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
