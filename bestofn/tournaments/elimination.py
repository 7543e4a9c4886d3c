"""Tournaments in which groups meet, one of each goes on, and one is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .base import Match, Standings, Verdict
from .ratings import votes
from .scoreboard import Scoreboard

Groups = Sequence[Sequence[str]]


@dataclass(kw_only=True)
class _Group:
    members: Sequence[str]
    verdicts: list[Verdict] = field(default_factory=list)


class Elimination:
    """Plays rounds of groups until one entrant is left.

    Within a group most votes go on; ties, and groups of which every verdict is an abstention,
    are decided by the prior, then by lot.

    Args:
        board: The entrants.
        groups: Parts those that are left into groups; a group of one goes on without a match.
        orders: The orders in which a group is shown, each one match.
    """

    def __init__(
        self,
        board: Scoreboard,
        groups: Callable[[Sequence[str]], Groups],
        orders: Callable[[Sequence[str]], Sequence[tuple[str, ...]]],
    ) -> None:
        self._board = board
        self._groups = groups
        self._orders = orders
        self._left: Sequence[str] = board.entrants
        self._round: list[_Group] = []
        self._survived = dict.fromkeys(board.entrants, 0)

    def matches(self) -> Sequence[Match]:
        """What to play next, all at once; empty when the tournament is over."""
        if self._board.over or self._board.waiting:
            return self._board.hand_out(())
        if self._round:
            self._left = [self._best(group) for group in self._round]
            self._survived = self._rounds_survived()
            self._round = []
        if len(self._left) == 1:
            return self._board.hand_out(())
        self._round = [_Group(members=members) for members in self._groups(self._left)]
        return self._board.hand_out(
            Match(shown=shown)
            for group in self._round
            if len(group.members) > 1
            for shown in self._orders(group.members)
        )

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Take the verdicts on the last matches, in any order."""
        self._board.take(verdicts)
        for verdict in verdicts:
            for group in self._round:
                if verdict.asked and verdict.match.shown[0] in group.members:
                    group.verdicts.append(verdict)

    def standings(self) -> Standings:
        """The best so far; a score is the number of rounds that an entrant came through."""
        return self._board.standings(
            {name: float(rounds) for name, rounds in self._rounds_survived().items()}
        )

    def _rounds_survived(self) -> dict[str, int]:
        """Rounds won or sat out, those of the round under way that are decided included."""
        survived = dict(self._survived)
        for group in self._round:
            if group.verdicts or len(group.members) == 1:
                survived[self._best(group)] += 1
        return survived

    def _best(self, group: _Group) -> str:
        return self._board.better(group.members, votes(group.members, group.verdicts))[0]
