"""Opening the file: what it must be, and what to say when it is not."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from ..errors import JournalError

APPLICATION = 0x62_6F_4E_31
"""Marks the file as ours in SQLite's header."""

VERSION = 1

PAGE_BYTES = 8192
"""A prompt and its reply are larger than SQLite's usual page; with this one writing costs less."""

CHECKPOINT_PAGES = 4096
"""Length of the WAL at which it is folded into the file."""

BUSY_SECONDS = 60.0
"""How long to wait while another process writes."""

_SCHEMA = (
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, at REAL NOT NULL)",
    # Texts are blobs: SQLite's own text type ends at NUL and knows no lone surrogates.
    """CREATE TABLE replies (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, at REAL NOT NULL, run INTEGER NOT NULL,
        backend BLOB NOT NULL, identity BLOB NOT NULL, purpose BLOB NOT NULL, label BLOB NOT NULL,
        status BLOB NOT NULL, calls INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL, dollars REAL NOT NULL,
        request BLOB NOT NULL, reply BLOB NOT NULL)""",
    """CREATE TABLE notes (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, run INTEGER NOT NULL,
        kind BLOB NOT NULL, body BLOB NOT NULL)""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)

_ADVICE = (
    ("not a database", "is not a journal; name another file"),
    ("malformed", "is damaged; move it away, the run will start a new one"),
    ("unable to open", "cannot be opened; its folder must exist and you must be allowed there"),
    ("readonly", "cannot be written; allow it or name another file"),
    ("locked", "is kept busy by another process; end that one, or name another file"),
    ("busy", "is kept busy by another process; end that one, or name another file"),
    ("full", "cannot grow, the disk is full; make room and repeat the run"),
    ("locking protocol", "cannot be locked there; name a file on a local disk"),
    ("I/O", "cannot be read or written (input/output error); name a file on a local disk"),
)


def failure(path: Path, error: Exception) -> JournalError:
    """What SQLite said, with the file's name and what to do about it."""
    said = str(error)
    advice = next((text for sign, text in _ADVICE if sign in said), "cannot be used")
    return JournalError(f"journal {path}: {advice} ({said})")


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to a file that is known to be a journal of this version.

    Args:
        path: The file; made when it is missing or empty and ``write`` is set.
        write: Whether to write; a reader never changes the file. One that must not even make
            SQLite's files beside it reads a journal that nobody is writing all the same.

    Raises:
        JournalError: it is not a journal, of a newer version, or cannot be opened or written.
    """
    if path.is_dir():
        raise JournalError(f"journal {path}: is a folder; name a file")
    if not write and not path.exists():
        raise JournalError(f"journal {path}: there is no such file")
    try:
        if write:
            return _open(path, "mode=rwc", write=True)
        alone = not any(_beside(path, ending) for ending in ("-wal", "-journal"))
        try:
            # A connection that may write takes the files away again that it made beside the
            # journal; where a run has made them they are left to that run.
            return _open(path, "mode=rw" if alone else "mode=ro", write=False)
        except sqlite3.OperationalError as error:
            if not alone or _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            return _open(path, "immutable=1", write=False)
    except sqlite3.Error as error:
        raise failure(path, error) from error


def _open(path: Path, how: str, *, write: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
    )
    try:
        if _is_new(connection, path):
            if not write:
                raise JournalError(f"journal {path}: is empty; nothing was recorded in it")
            _create(connection, path)
        if write:
            # Written to the system at each commit, to the disk at checkpoints: an ended
            # process loses nothing, a power failure the last moments.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        else:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _beside(path: Path, ending: str) -> bool:
    """Whether SQLite's file of that ending lies beside the journal, where a link leads to."""
    real = path.resolve()
    return real.with_name(real.name + ending).exists()


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is empty; checked before anything is changed in it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION:
        if version > VERSION:
            raise JournalError(
                f"journal {path}: was written by a newer version of bestofn (format {version}, "
                f"this one knows {VERSION}); update bestofn or name another file"
            )
        return False
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application or version or tables:
        raise JournalError(f"journal {path}: is another program's database; name another file")
    return True


def _create(connection: sqlite3.Connection, path: Path) -> None:
    if not os.access(path, os.W_OK):
        raise JournalError(f"journal {path}: cannot be written; allow it or name another file")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    _to_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_new(connection, path):  # another process may have been faster
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch the file's mode; SQLite does not wait here for other processes, so this does."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            # The writer's lock is one that SQLite does wait for.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return
