"""What runs noted in a journal, as ``bestofn inspect`` shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..chat import Reply
from ..journal import Entry, JournalReader, Note


class _Comparison(BaseModel):
    shown: list[str]
    winner: str | None
    reasoning: str
    error: str
    attempts: int
    recorded: bool


class _Made(BaseModel):
    problem: str
    judge: str
    comparison: _Comparison


class _Best(BaseModel):
    id: str


class _Selection(BaseModel):
    best: _Best
    judge: str
    abstained: str | None
    stopped_by: str | None


class _Chosen(BaseModel):
    problem: str
    selection: _Selection


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class NotedComparison:
    """A comparison that a run noted.

    Attributes:
        note: As it stands in the journal.
        problem, judge: Whose it is.
        shown: Candidate ids in the order in which the judge saw them.
        winner: The better one's id, or None.
        error: Why there is no winner.
        reasoning: The judge's words.
        attempts: How many replies it took.
        recorded: Whether every reply came from a journal.
    """

    note: Note
    problem: str
    judge: str
    shown: tuple[str, ...]
    winner: str | None
    error: str
    reasoning: str
    attempts: int
    recorded: bool

    @property
    def looks(self) -> Hashable:
        """What it shares with comparisons that nothing but their order tells from it."""
        return (
            *(self.note.run, self.problem, self.judge, self.shown),
            *(self.reasoning, self.attempts, self.recorded),
        )


@dataclass(frozen=True, kw_only=True)
class NotedSelection:
    """A selection that a run noted: whose, what was chosen, and what is to be said about it."""

    note: Note
    problem: str
    best: str
    judge: str
    abstained: str | None
    stopped_by: str | None


def comparisons(reader: JournalReader) -> Iterator[NotedComparison]:
    """Every comparison; notes of that kind that somebody else wrote are passed over."""
    for note in reader.notes(kind="comparison"):
        made = _read(_Made, note.body)
        if made is not None:
            told = made.comparison
            yield NotedComparison(
                note=note,
                problem=made.problem,
                judge=made.judge,
                shown=tuple(told.shown),
                winner=told.winner,
                error=told.error,
                reasoning=told.reasoning,
                attempts=told.attempts,
                recorded=told.recorded,
            )


def selections(reader: JournalReader) -> Iterator[NotedSelection]:
    """Every selection; notes of that kind that somebody else wrote are passed over."""
    for note in reader.notes(kind="selection"):
        chosen = _read(_Chosen, note.body)
        if chosen is not None:
            told = chosen.selection
            yield NotedSelection(
                note=note,
                problem=chosen.problem,
                best=told.best.id,
                judge=told.judge,
                abstained=told.abstained,
                stopped_by=told.stopped_by,
            )


def _read(model: type[Model], body: Any) -> Model | None:
    try:
        return model.model_validate(body, strict=True)
    except ValidationError:
        return None


def calls_of(reader: JournalReader, wanted: NotedComparison) -> list[Entry]:
    """The calls that a comparison was made of, as far as the journal keeps them.

    A note does not say which draw it is of, and replies come in any order. The judge's words
    tell: a draw's last reply holds them. Draws that said the very same, and those whose last
    reply is not kept because it never came, are told apart by the order of their notes alone.
    """
    draws: defaultdict[Hashable, dict[int, Entry]] = defaultdict(dict)
    for entry in reader.entries(purpose="judge"):
        label = entry.label
        if (
            label.get("shown") == list(wanted.shown)
            and label.get("problem") == wanted.problem
            and entry.backend == wanted.judge
        ):
            # Other runs may have shown the same candidates with other words around them.
            draw = (label.get("draw"), entry.identity, entry.request.messages)
            draws[draw][label.get("attempt", 0)] = entry
    last = wanted.attempts - 1
    alike = [
        calls
        for calls in draws.values()
        if set(range(last + 1)) <= set(calls) and _words(calls[last].reply) == wanted.reasoning
    ] or [calls for calls in draws.values() if set(calls) == set(range(last))]
    # A run that was repeated with other settings may have said the same in another place.
    alike = [c for c in alike if _paid_by(wanted.note.run, c) != wanted.recorded] or alike
    before = sum(
        other.looks == wanted.looks
        for other in comparisons(reader)
        if other.note.id < wanted.note.id
    )
    if not alike:
        return []
    calls = alike[min(before, len(alike) - 1)]
    return [calls[attempt] for attempt in range(last + 1) if attempt in calls]


def _paid_by(run: int, calls: Mapping[int, Entry]) -> bool:
    return any(entry.run == run for entry in calls.values())


def _words(reply: Reply) -> str:
    return "\n\n".join(text for text in (reply.reasoning, reply.text) if text)
