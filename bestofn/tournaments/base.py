"""What a tournament is: which candidates meet, and what follows from the verdicts. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class Match:
    """Candidates that are to be compared.

    Attributes:
        shown: Their ids in the order in which the judge sees them; two, or more for a listwise
            tournament.
        sample: Counts the times this very order was drawn before: a match that is drawn again
            wants a fresh opinion.
    """

    shown: tuple[str, ...]
    sample: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the judge made of a match.

    Attributes:
        match: The match.
        votes: One vote in all, to one candidate or split (half each when the two orders
            contradict each other); empty when the judge abstained or was not asked.
        asked: False when the budget ended before.
    """

    match: Match
    votes: Mapping[str, float] = field(default_factory=dict)
    asked: bool = True


@dataclass(frozen=True, kw_only=True)
class Standings:
    """Where a tournament stands.

    Attributes:
        order: Every entrant, best first; ties in the order of the tournament's random numbers.
        scores: A number for each; the scale is the tournament's own.
        tied: The entrants that share the first place; one when there is a clear best.
        confidence: Probability that the best is right (or no entrant is better), where the
            tournament has an opinion; else None.
    """

    order: tuple[str, ...]
    scores: Mapping[str, float]
    tied: tuple[str, ...]
    confidence: float | None = None


class Play(Protocol):
    """A tournament under way. The caller asks for matches until there are none."""

    def matches(self) -> Sequence[Match]:
        """What to play next, all at once; empty when the tournament is over.

        Every match handed out must be answered by :meth:`record` before the next call.
        """
        ...

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Take the verdicts on the last matches, in any order."""
        ...

    def standings(self) -> Standings:
        """The best so far; may be asked for at any time."""
        ...


@runtime_checkable
class Tournament(Protocol):
    """The rules: settings only, the same object may run many tournaments."""

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        ...

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants.

        Args:
            entrants: Candidate ids.
            rng: Every random choice comes from it.
            prior: How much speaks for each entrant beforehand, as natural-log odds relative to
                the others (copies, the embedded judge's evidence); missing means 0. Tournaments
                without beliefs use it to break ties only.
        """
        ...
