"""Single assertions from the text that a model wrote after ``assert``."""

from __future__ import annotations

import ast
import re
import warnings

_ASSERT = re.compile(r"\bassert\b")
_LONGEST = 12  # lines of an assertion that is followed by broken code


def clean_assertions(text: str, entry_point: str, *, limit: int | None = 5) -> tuple[str, ...]:
    """The assertions of a generated text, each as a statement of its own.

    The text continues a prompt that ended in ``assert``, so its first words are an assertion
    without the keyword, and models go on with more of them, with other code, or stop in the
    middle. Kept is every piece between two ``assert`` keywords that begins with one whole
    assertion naming the function under test (CodeT, arXiv 2207.10397, section 4.1).

    Args:
        text: What the model wrote.
        entry_point: The function under test; an assertion that never names it says nothing.
        limit: Keep the first so many; None keeps all.

    Returns:
        Sources such as ``assert f(1) == 2``, in order, repeats included.
    """
    kept: list[str] = []
    for piece in _ASSERT.split(text):
        if limit is not None and len(kept) >= limit:
            break
        if entry_point in piece and (source := _assertion(piece.strip(), entry_point)):
            kept.append(source)
    return tuple(kept)


def _assertion(piece: str, entry_point: str) -> str | None:
    """The assertion at the start of ``piece``, or None."""
    lines = f"assert {piece}".split("\n")
    # What follows the assertion may be cut short: drop lines from the end until it parses. An
    # assertion of more than a few lines is rare, so a long piece is not tried at every length.
    ends = range(len(lines), 0, -1)
    if len(lines) > _LONGEST:
        ends = range(_LONGEST, 0, -1)
        if found := _first_assertion("\n".join(lines), entry_point):
            return found
    for end in ends:
        if found := _first_assertion("\n".join(lines[:end]), entry_point):
            return found
    return None


def _first_assertion(source: str, entry_point: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ``f(1) is 2`` warns; that is the model's business
            statement = ast.parse(source).body[0]
            if not isinstance(statement, ast.Assert):
                return None
            if not any(
                isinstance(n, ast.Name) and n.id == entry_point for n in ast.walk(statement)
            ):
                return None
            segment = ast.get_source_segment(source, statement)
            if segment is not None:
                compile(segment, "<test>", "exec", dont_inherit=True)  # refuses a stray ``yield``
            return segment
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # a piece that is no statement is what this looks for, not a failure
