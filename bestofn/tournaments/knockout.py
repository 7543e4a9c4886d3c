"""A bracket: who loses is out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ..errors import InvalidInput
from .base import Play
from .elimination import Elimination, Groups
from .scoreboard import Scoreboard


@dataclass(frozen=True, kw_only=True)
class Knockout:
    """Pairs meet, the winners go on. Each round is played at once.

    The bracket is drawn at random; where the number of entrants is no power of two, some sit
    out the first round. N entrants play N - 1 pairs in all.

    Attributes:
        best_of: How many matches decide a pair: 1, in random order, or 2, one in each order (no
            order is asked twice). Ties are decided by the prior, then by lot.

    Raises:
        InvalidInput: naming the field.
    """

    best_of: int = 1

    def __post_init__(self) -> None:
        if self.best_of not in (1, 2):
            raise InvalidInput("Knockout.best_of", "must be 1 or 2: a pair has but two orders")

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        return "knockout"

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants; see :meth:`bestofn.tournaments.Tournament.start`.

        Raises:
            InvalidInput: fewer than two entrants, one twice, or a prior that is not a number.
        """

        def orders(pair: Sequence[str]) -> Sequence[tuple[str, ...]]:
            first, second = rng.sample(pair, 2)
            return [(first, second), (second, first)][: self.best_of]

        return Elimination(Scoreboard(entrants, rng, prior), _pairs, orders)


def _pairs(left: Sequence[str]) -> Groups:
    """Pairs, and as many byes as make the next round a power of two."""
    byes = (1 << (len(left) - 1).bit_length()) - len(left)
    paired = left[byes:]
    pairs = [paired[at : at + 2] for at in range(0, len(paired), 2)]
    return [[name] for name in left[:byes]] + pairs
