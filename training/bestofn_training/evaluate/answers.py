"""What a judge said about held-out inputs: the rows that a rollout leaves as ``*.replies.jsonl``.

Whatever wrote such rows can be measured: a served judge, an adapter that answered here, or a
program of the user's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bestofn.errors import FormatError, InvalidInput

from ..errors import BadRow
from ..rollout.reward import Level


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One reply.

    Attributes:
        level: Right, wrong, a format error; None when no answer of the judge's came.
        index: The place it names, counted from 1; None without a readable verdict.

    Raises:
        InvalidInput: level and index do not fit together.
    """

    level: Level | None
    index: int | None = None

    def __post_init__(self) -> None:
        decided = self.level in ("right", "wrong")
        if decided and self.index is None:
            raise InvalidInput("index", f"is missing, and the level is {self.level!r}")
        if not decided and self.index is not None:
            raise InvalidInput("index", f"is {self.index}, and the level is {self.level!r}")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One judge input with its replies.

    Attributes:
        id: ``PROBLEM:SET:ORDER``, as of the judge input; orders of one set share all but the end.
        problem_id: The problem.
        order: Candidate ids as shown.
        right: Places of right candidates, counted from 1.
        domain: The group.
        replies: What came, perhaps nothing.

    Raises:
        InvalidInput: naming the field.
    """

    id: str
    problem_id: str
    order: tuple[str, ...]
    right: tuple[int, ...]
    domain: str
    replies: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        for name in ("id", "problem_id", "domain"):
            if not getattr(self, name).strip():
                raise InvalidInput(name, "is empty; every row needs one")
        for number, verdict in enumerate(self.replies):
            if verdict.index is None:
                continue
            field = f"replies[{number}].index"
            if not 1 <= verdict.index <= len(self.order):
                raise InvalidInput(field, f"must be from 1 to {len(self.order)}")
            if (verdict.index in self.right) != (verdict.level == "right"):
                named = "a right" if verdict.index in self.right else "a wrong"
                raise InvalidInput(
                    field, f"names {named} candidate, and the level is {verdict.level!r}"
                )

    @property
    def set_id(self) -> str:
        """What all orders of one set of candidates share."""
        return self.id.rpartition(":")[0] or self.id

    @property
    def graded(self) -> tuple[Verdict, ...]:
        """The replies that are answers of the judge."""
        return tuple(verdict for verdict in self.replies if verdict.level is not None)


_ROWS = TypeAdapter(Answered)


def read_answers(path: str | Path) -> Iterator[Answered]:
    """The rows of a file of replies; fields that are not needed are passed over.

    Raises:
        BadRow: naming file, line, field and reason; an id comes twice.
        FormatError: the file cannot be read or holds no rows.
    """
    path = Path(path)
    seen: dict[str, int] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = _parsed(path, number, line)
                if (earlier := seen.setdefault(row.id, number)) != number:
                    raise BadRow(path, number, "id", f"{row.id!r} is also in row {earlier}")
                yield row
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    if not seen:
        raise FormatError(path, "holds no rows; there is nothing to measure")


def _parsed(path: Path, number: int, line: bytes) -> Answered:
    try:
        return _ROWS.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, InvalidInput):
            where = f"{where}.{cause.field}" if where else cause.field
            raise BadRow(path, number, where, cause.message) from error
        reason = first["msg"][:1].lower() + first["msg"][1:]
        if first["type"] == "missing":
            reason = "is missing; is this a file of replies (*.replies.jsonl)?"
        raise BadRow(path, number, where, reason) from error
