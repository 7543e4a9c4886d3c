"""The tournament of the DaJ paper: pairs drawn at random, votes counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ..errors import InvalidInput
from .base import Match, Play
from .one_wave import OneWave
from .ratings import votes
from .scoreboard import Scoreboard


@dataclass(frozen=True, kw_only=True)
class RandomPairs:
    """Draws a pair in each round and gives a vote to the one preferred (section 3 of the paper).

    The two are different, drawn uniformly and put in random order; rounds know nothing of each
    other, so a pair may come again. Most votes win, ties at random (or by the prior, where one
    is given). All rounds are played at once.

    Attributes:
        rounds: How many pairs are drawn.

    Raises:
        InvalidInput: fewer than one round.
    """

    rounds: int = 8

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise InvalidInput("RandomPairs.rounds", "must be at least 1")

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        return "daj"

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants; see :meth:`bestofn.tournaments.Tournament.start`.

        Raises:
            InvalidInput: fewer than two entrants, one twice, or a prior that is not a number.
        """
        board = Scoreboard(entrants, rng, prior)
        drawn: Counter[tuple[str, ...]] = Counter()
        wave = []
        for _ in range(self.rounds):
            shown = tuple(rng.sample(board.entrants, 2))
            wave.append(Match(shown=shown, sample=drawn[shown]))
            drawn[shown] += 1
        return OneWave(board, wave, votes)
