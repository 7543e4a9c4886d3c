"""Inputs made by changing public samples when the statement sets no limits to its input.

A number that counts something in every sample (the tokens of a line after it, the lines after
it, the letters of a word) is taken for a count: it changes only together with what it counts.
Everything else may take other values of the kind and range that were seen. Whether such an input
obeys the statement is not known; that is for those who look at the answers to judge.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Lines = list[list[str]]
Counted = Literal["tokens", "lines"]

_MAX_DIGITS = 100

ATTEMPTS = 8
"""Tries for each input that is wanted."""


@dataclass(frozen=True)
class Count:
    """A number in a fixed place that counts what begins on line ``first``."""

    line: int
    column: int
    first: int
    counted: Counted


@dataclass(frozen=True)
class Layout:
    """What all samples have in common.

    Attributes:
        counts: Numbers that count something.
        lengths: Numbers that are the length of a word after them.
        fixed: Places (line, column) that must stay as they are: counts, and lengths of words.
        lowest, highest: Of all other whole numbers seen.
    """

    counts: tuple[Count, ...]
    lengths: frozenset[tuple[int, int]]
    fixed: frozenset[tuple[int, int]]
    lowest: int
    highest: int


def changed_samples(samples: Sequence[str], *, seed: int, wanted: int) -> list[str]:
    """Variations of sample inputs.

    Args:
        samples: Valid inputs.
        seed: Equal seeds give equal variations.
        wanted: At most how many.

    Returns:
        Texts, none twice and none a sample; fewer than wanted, or none, when little can vary.
    """
    rng = random.Random(f"changed samples/{seed}")
    parsed = [tokens_of_text(sample) for sample in samples]
    if not parsed:
        return []
    layout = read_layout(parsed)
    known = {text_of(lines).strip() for lines in parsed}
    found: list[str] = []
    for _ in range(ATTEMPTS * wanted):
        if len(found) == wanted:
            break
        lines = [list(line) for line in rng.choice(parsed)]
        for _ in range(rng.randint(1, 2)):
            rng.choice(_CHANGES)(lines, layout, rng)
        text = text_of(lines)
        if text.strip() not in known and _consistent(lines, layout):
            known.add(text.strip())
            found.append(text)
    return found


def tokens_of_text(text: str) -> Lines:
    """Tokens by line."""
    return [line.split() for line in text.strip().split("\n")]


def text_of(lines: Lines) -> str:
    """The text of tokens by line; ends with a newline."""
    return "\n".join(" ".join(line) for line in lines) + "\n"


def is_whole(token: str) -> bool:
    """Whether a token is a whole number, and not one of more digits than any count has use for."""
    return (
        len(token) < _MAX_DIGITS
        and token.removeprefix("-").isascii()
        and token.removeprefix("-").isdigit()
    )


def read_layout(samples: Sequence[Lines]) -> Layout:
    """What the samples have in common; there must be at least one."""
    counts = tuple(count for count in _possible_counts(samples[0]) if _holds(count, samples))
    lengths = {
        place
        for place in _whole_places(samples[0])
        if all(_measures_a_word(lines, place) for lines in samples)
    }
    fixed = lengths | {(count.line, count.column) for count in counts}
    numbers = [
        int(lines[line][column])
        for lines in samples
        for line, column in _whole_places(lines)
        if (line, column) not in fixed
    ]
    return Layout(
        counts=counts,
        lengths=frozenset(lengths),
        fixed=frozenset(fixed),
        lowest=min(numbers, default=0),
        highest=max(numbers, default=0),
    )


def _consistent(lines: Lines, layout: Layout) -> bool:
    """Whether every count and every length of a word is still right."""
    return all(_holds(count, [lines]) for count in layout.counts) and all(
        _measures_a_word(lines, place) for place in layout.lengths
    )


def _whole_places(lines: Lines) -> Iterator[tuple[int, int]]:
    for line, tokens in enumerate(lines):
        for column, token in enumerate(tokens):
            if is_whole(token):
                yield line, column


def _possible_counts(lines: Lines) -> Iterator[Count]:
    """Counts are looked for in front of what they count, in the first two lines."""
    for line, column in _whole_places(lines[:2]):
        for first in range(line + 1, min(line + 3, len(lines))):
            yield Count(line, column, first, "tokens")
            yield Count(line, column, first, "lines")


def _holds(count: Count, samples: Sequence[Lines]) -> bool:
    for lines in samples:
        if count.first >= len(lines) or count.column >= len(lines[count.line]):
            return False
        token = lines[count.line][count.column]
        if not is_whole(token) or int(token) != _measure(count, lines):
            return False
    return True


def _measure(count: Count, lines: Lines) -> int:
    return len(lines[count.first]) if count.counted == "tokens" else len(lines) - count.first


def _measures_a_word(lines: Lines, place: tuple[int, int]) -> bool:
    line, column = place
    if line >= len(lines) or column >= len(lines[line]) or not is_whole(lines[line][column]):
        return False
    number = int(lines[line][column])
    after = [token for tokens in lines[line + 1 :] for token in tokens if not is_whole(token)]
    return any(len(token) == number for token in after)


def _free_places(lines: Lines, layout: Layout) -> list[tuple[int, int]]:
    return [place for place in _whole_places(lines) if place not in layout.fixed]


def _other_number(lines: Lines, layout: Layout, rng: random.Random) -> None:
    """One number becomes another one: a neighbour, one seen elsewhere, any in the range."""
    places = _free_places(lines, layout)
    if not places:
        return
    line, column = rng.choice(places)
    old = int(lines[line][column])
    elsewhere = rng.choice(places)
    options = (
        old - 1,
        old + 1,
        int(lines[elsewhere[0]][elsewhere[1]]),
        rng.randint(layout.lowest, layout.highest),
        rng.choice((layout.lowest, layout.highest)),
    )
    new = rng.choice(options)
    lines[line][column] = str(max(new, min(0, layout.lowest)))


def _another_order(lines: Lines, layout: Layout, rng: random.Random) -> None:
    """The free numbers of one line in another order, or all the same."""
    by_line: dict[int, list[int]] = {}
    for line, column in _free_places(lines, layout):
        by_line.setdefault(line, []).append(column)
    long = [line for line, columns in by_line.items() if len(columns) > 1]
    if not long:
        return
    line = rng.choice(long)
    columns = by_line[line]
    numbers = [lines[line][column] for column in columns]
    arrange = rng.randrange(4)
    if arrange == 0:
        rng.shuffle(numbers)
    elif arrange == 1:
        numbers.sort(key=int)
    elif arrange == 2:
        numbers.sort(key=int, reverse=True)
    else:
        numbers = [rng.choice(numbers)] * len(numbers)
    for column, number in zip(columns, numbers, strict=True):
        lines[line][column] = number


def _another_size(lines: Lines, layout: Layout, rng: random.Random) -> None:
    """One thing that is counted goes or comes twice, and every count of it follows."""
    if not layout.counts:
        return
    count = rng.choice(layout.counts)
    if count.first >= len(lines):
        return
    size = _measure(count, lines)
    grow = size < 2 or rng.random() < 0.5
    if count.counted == "tokens":
        items: list[str] | Lines = lines[count.first]
        at = rng.randrange(size) if size else 0
    else:
        items = lines
        at = count.first + rng.randrange(size) if size else 0
    if not size:
        return
    before = {c: _measure(c, lines) for c in layout.counts if c.first < len(lines)}
    if grow:
        copy = items[at]
        items.insert(at, list(copy) if isinstance(copy, list) else copy)  # type: ignore[arg-type]
    else:
        del items[at]
    for other, old in before.items():
        new = _measure(other, lines) if other.first < len(lines) else 0
        # A line may have gone that held a count; what is no longer right is dropped later.
        if new != old and other.line < len(lines) and other.column < len(lines[other.line]):
            lines[other.line][other.column] = str(new)


def _other_word(lines: Lines, layout: Layout, rng: random.Random) -> None:  # noqa: ARG001
    """One word gets its letters in another order, or one letter becomes another one of it."""
    words = [
        (line, column)
        for line, tokens in enumerate(lines)
        for column, token in enumerate(tokens)
        if not is_whole(token) and len(token) > 1 and "." not in token
    ]
    if not words:
        return
    line, column = rng.choice(words)
    letters = list(lines[line][column])
    if rng.random() < 0.5:
        rng.shuffle(letters)
    else:
        letters[rng.randrange(len(letters))] = rng.choice(letters)
    lines[line][column] = "".join(letters)


_CHANGES: tuple[Callable[[Lines, Layout, random.Random], None], ...] = (
    _other_number,
    _other_number,
    _another_order,
    _another_size,
    _other_word,
)
