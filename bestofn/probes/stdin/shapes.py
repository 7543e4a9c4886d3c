"""Shapes of made-up numbers and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

NUMBER_SHAPES = (
    "uniform",
    "narrow",
    "least",
    "greatest",
    "equal",
    "rising",
    "falling",
    "alternating",
    "edges",
    "log",
)
"""Shapes of lists of numbers; ``log`` takes any order of magnitude alike."""

TEXT_SHAPES = ("uniform", "one", "two", "alternating", "blocks")
"""Shapes of texts: how many of the allowed characters they use, and in which order."""

_INT64 = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an input should look.

    Attributes:
        size: The greatest count or length, above the least allowed one when ``tight``.
        tight: Whether ``size`` counts from the least allowed size.
        numbers: The shape of lists of numbers (see :mod:`bestofn.probes.stdin.shapes`).
        scalars: The shape of single numbers that count nothing.
        text: The shape of texts.
        graph: The shape of trees.
        budget: How many tokens, and how many characters of text, the input may have.
        members: How many queries or test cases there may be.
        exact: Whether counts take their greatest value instead of a random one.
    """

    size: int
    numbers: str = "uniform"
    scalars: str = "uniform"
    text: str = "uniform"
    graph: str = "random"
    budget: int = 2000
    exact: bool = False
    members: int = 4
    tight: bool = True


def draw_numbers(rng: np.random.Generator, low: Any, high: Any, count: int, shape: str) -> Any:
    """Whole numbers between two inclusive ends.

    Args:
        rng: Where randomness comes from.
        low, high: The ends, for all numbers or as arrays of one end for each.
        count: How many.
        shape: One of :data:`NUMBER_SHAPES`.
    """
    if not np.ndim(low) and not np.ndim(high):
        return _between(rng, int(low), int(high), count, shape)
    low, high = np.broadcast_to(low, (count,)), np.broadcast_to(high, (count,))
    if low.dtype == object or high.dtype == object:
        return [_between(rng, int(a), int(b), 1, shape)[0] for a, b in zip(low, high, strict=True)]
    if shape == "least":
        return low.copy()
    if shape == "greatest":
        return high.copy()
    if shape == "narrow":
        return rng.integers(low, np.minimum(high, low + 4), endpoint=True)
    if shape == "edges":
        return np.where(rng.integers(0, 2, size=count) > 0, low, high)
    return rng.integers(low, high, endpoint=True)


def _between(rng: np.random.Generator, low: int, high: int, count: int, shape: str) -> list[int]:
    if shape == "narrow":
        width = (1, 2, 4, 9)[int(rng.integers(4))]
        # Around zero where that is inside: signs matter more than size.
        start = low if low >= 0 or high <= 0 else max(low, -(width // 2) - 1)
        return _between(rng, start, min(high, start + width), count, "uniform")
    if shape == "least":
        return [low] * count
    if shape == "greatest":
        return [high] * count
    if shape == "equal":
        return [_log(rng, low, high)] * count
    if shape == "edges":
        return [(low, high)[k] for k in rng.integers(0, 2, size=count)]
    if shape == "alternating":
        return [(low, high)[k % 2] for k in range(count)]
    if shape == "log":
        return [_log(rng, low, high) for _ in range(count)]
    if low >= -_INT64 and high < _INT64:
        values: list[int] = rng.integers(low, high, endpoint=True, size=count).tolist()
    else:
        values = [_big(rng, low, high) for _ in range(count)]
    if shape == "rising":
        return sorted(values)
    if shape == "falling":
        return sorted(values, reverse=True)
    return values


def _big(rng: np.random.Generator, low: int, high: int) -> int:
    bits = int.from_bytes(rng.bytes(((high - low).bit_length() + 71) // 8), "big")
    return low + bits % (high - low + 1)


def _log(rng: np.random.Generator, low: int, high: int) -> int:
    width = int(rng.integers(0, (high - low).bit_length(), endpoint=True))
    start = low if low >= 0 or high <= 0 or rng.integers(2) else 0
    return _big(rng, start, min(high, start + (1 << width)))


def distinct_numbers(
    rng: np.random.Generator, low: int, high: int, count: int, shape: str
) -> list[int]:
    """Numbers between two inclusive ends, none twice; there must be enough of them."""
    room = high - low + 1
    if shape in ("narrow", "least"):
        room = min(room, count + (0 if shape == "least" else 3))
    elif shape == "greatest":
        low, room = high - count + 1, count
    if room <= 4 * count + 16:
        values = (low + rng.permutation(room)[:count]).tolist()
    elif high < _INT64 and low > -_INT64:
        drawn = rng.integers(low, low + room - 1, endpoint=True, size=3 * count // 2 + 32)
        drawn.sort()
        drawn = drawn[np.append(True, drawn[1:] != drawn[:-1])]
        values = rng.permutation(drawn)[:count].tolist()
        if len(values) < count:
            return distinct_numbers(rng, low, low + room - 1, count, shape)
    else:
        found: dict[int, None] = {}
        while len(found) < count:
            found.update(dict.fromkeys(_between(rng, low, low + room - 1, count, "uniform")))
        values = list(found)[:count]
    if shape == "rising":
        values.sort()
    elif shape == "falling":
        values.sort(reverse=True)
    return [int(value) for value in values]


def draw_text(rng: np.random.Generator, characters: str, length: int, shape: str) -> str:
    """A text of a length.

    Args:
        rng: Where randomness comes from.
        characters: What it may hold.
        length: How many characters.
        shape: One of :data:`TEXT_SHAPES`.
    """
    if length <= 0:
        return ""
    kinds = {"one": 1, "two": 2, "alternating": 2, "blocks": 3}.get(shape, len(characters))
    chosen = [characters[k] for k in rng.permutation(len(characters))[:kinds]]
    if shape == "alternating":
        return ("".join(chosen) * length)[:length]
    picks = rng.integers(0, len(chosen), size=length)
    if shape == "blocks":
        picks.sort()
    return "".join([chosen[k] for k in picks.tolist()])
