"""Careful changes of public samples, for statements whose constraints were not understood.

Only the order of what a sample holds changes, and only where nothing in the samples speaks
against it: members of a counted list of numbers, and letters of a word that is no keyword. No
count changes, and no value that was not in the same line.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

from .samples import ATTEMPTS, Layout, Lines, is_whole, read_layout, text_of, tokens_of_text
from .statement import sections

_BOUNDS = re.compile(
    r"[<>\u2264\u2265\u2a7d\u2a7e\u2260]|\\(?:le|ge|lt|gt|ne)|\bguaranteed\b|\bdistinct\b"
    r"|\b(?:between|at most|at least|exceeds?|no more than|less than|up to) -?\d",
    re.IGNORECASE,
)


def states_constraints(statement: str) -> bool:
    """Whether a statement limits its input in any way that words or signs give away."""
    parts = sections(statement)
    return "constraints" in parts or any(_BOUNDS.search(text) for text in parts.values())


def reordered_samples(samples: Sequence[str], *, seed: int, wanted: int) -> list[str]:
    """Samples with lists and words in another order.

    Args:
        samples: Valid inputs.
        seed: Equal seeds give equal texts.
        wanted: At most how many.

    Returns:
        Texts, none twice and none a sample; often none at all.
    """
    rng = random.Random(f"reordered samples/{seed}")
    parsed = [tokens_of_text(sample) for sample in samples]
    if not parsed:
        return []
    layout = read_layout(parsed)
    lists = _lists(parsed, layout)
    known = {text_of(lines).strip() for lines in parsed}
    found: list[str] = []
    for _ in range(ATTEMPTS * wanted):
        if len(found) == wanted:
            break
        lines = [list(line) for line in rng.choice(parsed)]
        options: list[tuple[int, int | None]] = [(line, None) for line in lists]
        options += _words(lines, parsed)
        if not options:
            continue
        line, column = rng.choice(options)
        if column is None:
            rng.shuffle(lines[line])
        else:
            letters = list(lines[line][column])
            rng.shuffle(letters)
            lines[line][column] = "".join(letters)
        text = text_of(lines)
        if text.strip() not in known:
            known.add(text.strip())
            found.append(text)
    return found


def _lists(samples: Sequence[Lines], layout: Layout) -> list[int]:
    """Lines that are counted lists of numbers in every sample, and whose order seems free."""
    return [
        line
        for line in sorted({count.first for count in layout.counts if count.counted == "tokens"})
        if not any(place[0] == line for place in layout.fixed)
        and all(lines[line] and all(map(is_whole, lines[line])) for lines in samples)
        # Another line as long may be a row of the same table, or be tied to this one.
        and any([len(tokens) for tokens in lines].count(len(lines[line])) == 1 for lines in samples)
        and not any(_may_be_bound([[int(t) for t in lines[line]] for lines in samples]))
    ]


def _may_be_bound(rows: list[list[int]]) -> list[bool]:
    """Signs that the order of lists matters: rising, falling, or fixed ends in every sample."""
    return [
        all(row == sorted(row) for row in rows),
        all(row == sorted(row, reverse=True) for row in rows),
        all(row[0] == min(row) and row.count(row[0]) == 1 for row in rows),
        # The i-th member may point at an earlier one, as parents in a tree do.
        all(value <= place + 1 for row in rows for place, value in enumerate(row)),
        all(value <= place + 1 for row in rows for place, value in enumerate(row[1:], 1)),
    ]


def _words(lines: Lines, samples: Sequence[Lines]) -> list[tuple[int, int | None]]:
    """Words of lowercase or of uppercase letters that occur once and hold several letters."""
    seen = Counter(token for sample in samples for line in sample for token in line)
    return [
        (line, column)
        for line, tokens in enumerate(lines)
        for column, token in enumerate(tokens)
        if re.fullmatch(r"[a-z]{3,}|[A-Z]{3,}", token) and seen[token] == 1
    ]
