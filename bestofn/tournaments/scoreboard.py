"""What every tournament does alike: who plays, what is open, who is ahead."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from ..errors import InvalidInput
from .base import Match, Standings, Verdict

_DIGITS = 9  # scores that differ by less are equal: sums of halves and of floats


class Scoreboard:
    """The entrants of one tournament under way, its open matches and its verdicts.

    Args:
        entrants: Candidate ids.
        rng: Decides now how ties will be broken, so that standings can be asked for at any
            time without shifting the matches to come.
        prior: Natural-log odds for each entrant; ids that do not take part are passed over.

    Raises:
        InvalidInput: fewer than two entrants, one twice, or a prior that is not a finite number.
    """

    def __init__(
        self, entrants: Sequence[str], rng: Random, prior: Mapping[str, float] | None
    ) -> None:
        if len(entrants) < 2:
            raise InvalidInput("entrants", "a tournament needs at least two")
        if len(set(entrants)) < len(entrants):
            raise InvalidInput("entrants", "every entrant takes part once; an id is repeated")
        self.prior = {name: float((prior or {}).get(name, 0.0)) for name in entrants}
        for name, odds in self.prior.items():
            if not math.isfinite(odds):
                raise InvalidInput(f"prior[{name!r}]", "must be a finite number")
        drawn = list(entrants)
        rng.shuffle(drawn)
        self.entrants = tuple(drawn)
        """In random order, which also breaks ties."""
        self.verdicts: list[Verdict] = []
        """Everything recorded so far, matches that were not asked included."""
        self.over = False
        """Set by the tournament, and by a match that the budget did not allow."""
        self._lot = {name: place for place, name in enumerate(drawn)}
        self._open: set[Match] = set()

    def hand_out(self, matches: Iterable[Match]) -> tuple[Match, ...]:
        """Note matches as open and return them; no matches end the tournament.

        Raises:
            InvalidInput: earlier matches are still open.
        """
        if self._open:
            raise InvalidInput("matches", f"{len(self._open)} are open; record their verdicts")
        handed = () if self.over else tuple(matches)
        self._open.update(handed)
        self.over = not handed
        return handed

    def take(self, verdicts: Sequence[Verdict]) -> None:
        """Close the matches of these verdicts.

        Raises:
            InvalidInput: a match was not handed out or is closed, or the votes are not at most
                one vote among those shown.
        """
        for index, verdict in enumerate(verdicts):
            field = f"verdicts[{index}]"
            if verdict.match not in self._open:
                raise InvalidInput(field, f"{verdict.match} is not open")
            _check_votes(field, verdict)
            self._open.remove(verdict.match)
            self.verdicts.append(verdict)
            self.over = self.over or not verdict.asked

    @property
    def waiting(self) -> bool:
        """Whether matches that were handed out have no verdict yet."""
        return bool(self._open)

    def better(self, names: Iterable[str], scores: Mapping[str, float]) -> list[str]:
        """The names by score, then prior, then lot; best first."""
        return sorted(
            names,
            key=lambda name: (-_rounded(scores[name]), -self.prior[name], self._lot[name]),
        )

    def standings(
        self,
        scores: Mapping[str, float],
        *,
        by_prior: bool = True,
        confidence: float | None = None,
    ) -> Standings:
        """Put everybody in order.

        Args:
            scores: A number for each entrant, higher is better.
            by_prior: Whether the prior breaks ties; not when the scores hold it already.
            confidence: Handed on.
        """
        order = self.better(self.entrants, scores)
        best = order[0]
        tied = [
            name
            for name in order
            if _rounded(scores[name]) == _rounded(scores[best])
            and (not by_prior or self.prior[name] == self.prior[best])
        ]
        return Standings(
            order=tuple(order),
            scores={name: scores[name] for name in order},
            tied=tuple(tied),
            confidence=confidence,
        )


def _rounded(score: float) -> float:
    return round(score, _DIGITS)


def _check_votes(field: str, verdict: Verdict) -> None:
    if strangers := set(verdict.votes) - set(verdict.match.shown):
        raise InvalidInput(f"{field}.votes", f"for {sorted(strangers)}, who did not play")
    if any(not share >= 0 for share in verdict.votes.values()):
        raise InvalidInput(f"{field}.votes", "must not be negative")
    if sum(verdict.votes.values()) > 1 + 1e-9:
        raise InvalidInput(f"{field}.votes", "are more than one vote")
    if not verdict.asked and verdict.votes:
        raise InvalidInput(f"{field}.votes", "a match that was not asked has no votes")
