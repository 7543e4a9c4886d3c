"""The rows of the training files, one data class each, and how they are read and written.

Every file is JSON Lines. The field names are those that users of TRL know: ``prompt``, ``chosen``,
``rejected``, ``completion``, ``label``, with conversations as lists of ``role`` and ``content``.
Rows are checked one by one as they are read, so that a file of any size needs the memory of a row.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from bestofn.chat import Message
from bestofn.errors import FormatError, InvalidInput

from ..errors import BadInput, BadRow

Conversation = tuple[Message, ...]


@dataclass(frozen=True, kw_only=True)
class JudgeInput:
    """One question to a judge whose right answers are known.

    Attributes:
        id: Unique within a set; ``PROBLEM:SET:ORDER``, where the two orders of one set of
            candidates share all but the last part.
        problem_id: The problem; never on two sides of a split.
        prompt: What the judge reads, exactly as at inference.
        order: Candidate ids as shown.
        right: Places of right candidates, counted from 1; never none and never all.
        domain: The group that one weight is learned for.
        difficulty: As published; empty when unknown.
        date: ``YYYY-MM-DD``; empty when unknown.
        generator: Who wrote the candidates; several names are joined by ``+``.
        platform: As published; empty when unknown.

    Raises:
        InvalidInput: naming the field.
    """

    id: str
    problem_id: str
    prompt: Conversation
    order: tuple[str, ...]
    right: tuple[int, ...]
    domain: str
    difficulty: str = ""
    date: str = ""
    generator: str = ""
    platform: str = ""

    def __post_init__(self) -> None:
        _check_about(self)
        count = len(self.order)
        if count < 2:
            raise InvalidInput("order", "must name at least two candidates")
        if len(set(self.order)) < count:
            raise InvalidInput("order", "names a candidate twice")
        if not self.right:
            raise InvalidInput("right", "is empty: no candidate is right, so no verdict could be")
        if len(set(self.right)) < len(self.right):
            raise InvalidInput("right", "names a place twice")
        if not all(1 <= place <= count for place in self.right):
            raise InvalidInput("right", f"must hold places from 1 to {count}")
        if len(self.right) == count:
            raise InvalidInput(
                "right",
                f"all {count} candidates are right, so every verdict would be; leave it out",
            )


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Two replies to one judge input, of which the first is right (DPO, ORPO).

    Attributes:
        prompt: As of the judge input.
        chosen: The reply that names a right candidate, as one assistant message.
        rejected: A reply that names a wrong one or has no readable verdict.
        id: Unique within a file; the judge input's and the number of the pair.
        problem_id, domain, difficulty, date, generator: As of the judge input.

    Raises:
        InvalidInput: naming the field; a reply is empty, or both are the same.
    """

    prompt: Conversation
    chosen: Conversation
    rejected: Conversation
    id: str
    problem_id: str
    domain: str
    difficulty: str = ""
    date: str = ""
    generator: str = ""

    def __post_init__(self) -> None:
        _check_about(self)
        _check_reply("chosen", self.chosen)
        _check_reply("rejected", self.rejected)
        if self.chosen == self.rejected:
            raise InvalidInput("rejected", "is the same as chosen; nothing can be learned from it")


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One reply and whether it is right (KTO).

    Attributes:
        prompt: As of the judge input.
        completion: The reply, as one assistant message.
        label: Whether it names a right candidate.
        id: Unique within a file.
        problem_id, domain, difficulty, date, generator: As of the judge input.

    Raises:
        InvalidInput: naming the field.
    """

    prompt: Conversation
    completion: Conversation
    label: bool
    id: str
    problem_id: str
    domain: str
    difficulty: str = ""
    date: str = ""
    generator: str = ""

    def __post_init__(self) -> None:
        _check_about(self)
        _check_reply("completion", self.completion)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One right reply to imitate (SFT); the fields are those of :class:`Labelled`."""

    prompt: Conversation
    completion: Conversation
    id: str
    problem_id: str
    domain: str
    difficulty: str = ""
    date: str = ""
    generator: str = ""

    def __post_init__(self) -> None:
        _check_about(self)
        _check_reply("completion", self.completion)


Row = JudgeInput | Preference | Labelled | Target
AnyRow = TypeVar("AnyRow", JudgeInput, Preference, Labelled, Target)


def _check_about(row: Row) -> None:
    for name in ("id", "problem_id", "domain"):
        if not getattr(row, name).strip():
            raise InvalidInput(name, "is empty; every row needs one")
    if not row.prompt:
        raise InvalidInput("prompt", "is empty")
    if row.prompt[-1].role == "assistant":
        raise InvalidInput("prompt", "ends with the assistant's turn; that belongs to the reply")
    if not any(message.content.strip() for message in row.prompt):
        raise InvalidInput("prompt", "says nothing")


def _check_reply(name: str, reply: Conversation) -> None:
    if len(reply) != 1 or reply[0].role != "assistant":
        raise InvalidInput(name, "must be one message of the role 'assistant'")
    if not reply[0].content.strip():
        raise InvalidInput(name, "is an empty reply; leave the row out")


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (JudgeInput, Preference, Labelled, Target)
}


def read_rows(path: str | Path, kind: type[AnyRow]) -> Iterator[tuple[int, AnyRow]]:
    """The rows of a file with their 1-based lines, one after the other; empty lines are skipped.

    Fields that the row does not know are passed over: users add columns of their own.

    Raises:
        BadRow: naming file, line, field and reason.
        FormatError: the file cannot be read or holds no rows.
    """
    path = Path(path)
    empty = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    empty = False
                    yield number, _parsed(path, number, line, kind)
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    if empty:
        raise FormatError(path, "holds no rows; nothing can be trained or asked with it")


def _parsed(path: Path, number: int, line: bytes, kind: type[AnyRow]) -> AnyRow:
    try:
        row: AnyRow = _ADAPTERS[kind].validate_json(line, strict=True)
    except ValidationError as error:
        column, reason = _complaint(error)
        raise BadRow(path, number, column, reason) from error
    return row


def _complaint(error: ValidationError) -> tuple[str, str]:
    """The field and the reason of the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    where = "".join(
        f"[{part}]" if isinstance(part, int) else (f".{part}" if index else str(part))
        for index, part in enumerate(first["loc"])
    )
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InvalidInput):
        inner = cause.field.removeprefix("Message.")
        return (f"{where}.{inner}" if where else inner), cause.message
    if first["type"] == "missing":
        return where, "is missing; is this the right kind of file?"
    message = first["msg"]
    return where, message[:1].lower() + message[1:]


class RowWriter:
    """Writes rows to a file that is seen whole or not at all.

    A context manager. Rows go to a file beside it; :meth:`keep` puts that in its place, and what
    was not kept is removed at the end of the block.

    Args:
        path: The file to be.

    Attributes:
        rows: How many rows were added.
        digest: SHA-256 of what was added.

    Raises:
        BadInput: the folder cannot be made or written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")  # of a killed run: overwritten
        self.rows = 0
        self.digest = hashlib.sha256()

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.part.open("wb")
        except OSError as error:
            raise BadInput("output", f"cannot write {self.path}: {error.strerror}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self.part.unlink(missing_ok=True)

    def add(self, row: Row) -> None:
        """Add one row."""
        self.add_object(asdict(row))

    def add_object(self, value: dict[str, Any]) -> None:
        """Add any JSON object as a row."""
        line = json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"
        self._file.write(line)
        self.digest.update(line)
        self.rows += 1

    def flush(self) -> None:
        """Let readers of :attr:`part` see every row."""
        self._file.flush()

    def keep(self) -> None:
        """Put the file in its place; call it once, at the end of the block.

        Raises:
            OSError: the disk is full.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self.part.replace(self.path)
