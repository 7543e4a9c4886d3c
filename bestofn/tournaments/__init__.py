"""Which candidates meet, and what follows from the verdicts. Nothing here does any I/O."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidInput
from .adaptive import Adaptive
from .base import Match, Play, Standings, Tournament, Verdict
from .knockout import Knockout
from .listwise import Listwise
from .random_pairs import RandomPairs
from .round_robin import RoundRobin

_TOURNAMENTS: dict[str, Callable[[], Tournament]] = {
    "daj": RandomPairs,
    "round-robin": RoundRobin,
    "knockout": Knockout,
    "listwise": Listwise,
    "adaptive": Adaptive,
}

NAMES = tuple(_TOURNAMENTS)
"""Tournaments that can be asked for by name."""


def tournament_named(name: str, *, rounds: int | None = None) -> Tournament:
    """The tournament of that name, with its usual settings.

    Args:
        name: One of :data:`NAMES`.
        rounds: For ``daj``, the pairs drawn; for ``adaptive``, the most matches asked. The
            length of the others follows from the number of candidates.

    Raises:
        InvalidInput: there is none of that name (the error lists the names), or it takes no
            rounds, or fewer than one.
    """
    if name not in _TOURNAMENTS:
        raise InvalidInput("tournament", f"there is no {name!r}; the names are {', '.join(NAMES)}")
    if rounds is None:
        return _TOURNAMENTS[name]()
    if rounds < 1:
        raise InvalidInput("rounds", "must be at least 1")
    if name == "daj":
        return RandomPairs(rounds=rounds)
    if name == "adaptive":
        return Adaptive(max_calls=rounds)
    raise InvalidInput("rounds", f"{name!r} takes none: its length follows from the candidates")


__all__ = [
    "NAMES",
    "Adaptive",
    "Knockout",
    "Listwise",
    "Match",
    "Play",
    "RandomPairs",
    "RoundRobin",
    "Standings",
    "Tournament",
    "Verdict",
    "tournament_named",
]
