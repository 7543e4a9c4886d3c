"""Tournaments whose matches are all known beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Match, Standings, Verdict
from .ratings import Rating
from .scoreboard import Scoreboard


class OneWave:
    """Hands out every match at once and rates the verdicts.

    Args:
        board: The entrants.
        wave: The matches.
        rating: Scores from entrants and verdicts.
    """

    def __init__(self, board: Scoreboard, wave: Sequence[Match], rating: Rating) -> None:
        self._board = board
        self._left = tuple(wave)
        self._rating = rating

    def matches(self) -> Sequence[Match]:
        """What to play next, all at once; empty when the tournament is over."""
        wave, self._left = self._left, ()
        return self._board.hand_out(wave)

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Take the verdicts on the last matches, in any order."""
        self._board.take(verdicts)

    def standings(self) -> Standings:
        """The best so far."""
        return self._board.standings(self._rating(self._board.entrants, self._board.verdicts))
