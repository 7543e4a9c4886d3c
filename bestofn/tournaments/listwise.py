"""Several candidates are shown together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ..errors import InvalidInput
from .base import Play
from .elimination import Elimination, Groups
from .scoreboard import Scoreboard


@dataclass(frozen=True, kw_only=True)
class Listwise:
    """Groups are shown together, the one preferred of each goes on. Each round is at once.

    Groups are drawn at random and as even as can be; with N up to ``window`` there is one.

    Attributes:
        window: Most candidates that are shown together.
        orders: How many orders of each group are judged: rotations of a random one, so that each
            member stands in a different place; at most one for each member.

    Raises:
        InvalidInput: naming the field.
    """

    window: int = 4
    orders: int = 1

    def __post_init__(self) -> None:
        if self.window < 2:
            raise InvalidInput("Listwise.window", "must be at least 2")
        if self.orders < 1:
            raise InvalidInput("Listwise.orders", "must be at least 1")

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        return "listwise"

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants; see :meth:`bestofn.tournaments.Tournament.start`.

        Raises:
            InvalidInput: fewer than two entrants, one twice, or a prior that is not a number.
        """

        def groups(left: Sequence[str]) -> Groups:
            count = -(-len(left) // self.window)
            drawn = rng.sample(left, len(left))
            return [drawn[start::count] for start in range(count)]

        def orders(group: Sequence[str]) -> list[tuple[str, ...]]:
            shown = tuple(rng.sample(group, len(group)))
            return [shown[turn:] + shown[:turn] for turn in range(min(self.orders, len(shown)))]

        return Elimination(Scoreboard(entrants, rng, prior), groups, orders)
