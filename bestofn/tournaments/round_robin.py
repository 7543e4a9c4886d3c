"""Everybody meets everybody, in one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Literal, get_args

from ..errors import InvalidInput
from .base import Match, Play
from .one_wave import OneWave
from .ratings import Rating, bradley_terry, copeland, votes
from .scoreboard import Scoreboard

RatingName = Literal["votes", "copeland", "bradley-terry"]
Orders = Literal["one", "both"]

_RATINGS: dict[RatingName, Rating] = {
    "votes": votes,
    "copeland": copeland,
    "bradley-terry": bradley_terry,
}


@dataclass(frozen=True, kw_only=True)
class RoundRobin:
    """Each pair meets once, in random order, or once in each order; all at once.

    Attributes:
        orders: ``both`` plays N (N - 1) matches, ``one`` half of them (enough for a judge that
            answers each match in both orders by itself).
        rating: How verdicts become scores; see :mod:`bestofn.tournaments.ratings`.

    Raises:
        InvalidInput: naming the field.
    """

    orders: Orders = "both"
    rating: RatingName = "votes"

    def __post_init__(self) -> None:
        if self.orders not in get_args(Orders):
            raise InvalidInput("RoundRobin.orders", f"must be one of {', '.join(get_args(Orders))}")
        if self.rating not in _RATINGS:
            raise InvalidInput("RoundRobin.rating", f"must be one of {', '.join(_RATINGS)}")

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        return "round-robin"

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants; see :meth:`bestofn.tournaments.Tournament.start`.

        Raises:
            InvalidInput: fewer than two entrants, one twice, or a prior that is not a number.
        """
        board = Scoreboard(entrants, rng, prior)
        wave: list[Match] = []
        for pair in combinations(board.entrants, 2):
            first, second = rng.sample(pair, 2)
            wave.append(Match(shown=(first, second)))
            if self.orders == "both":
                wave.append(Match(shown=(second, first)))
        # A budget that ends early then cuts at random, not the last entrants of the list.
        rng.shuffle(wave)
        return OneWave(board, wave, _RATINGS[self.rating])
