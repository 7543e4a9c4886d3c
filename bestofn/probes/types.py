"""An input made up to see how candidates differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Origin = Literal[
    "public test", "example", "generated test", "constraint", "mutation", "random", "stress"
]


def text_key(value: object) -> str:
    """A text that is equal for equal inputs.

    ``repr``, but for the integers of several thousand digits that Python refuses to write.
    """
    try:
        return repr(value)
    except ValueError:
        if isinstance(value, int):
            return hex(value)
        if isinstance(value, dict):
            value = list(value.items())
        if isinstance(value, list | tuple | set | frozenset):
            return f"{type(value).__name__}({', '.join(map(text_key, value))})"
        raise


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One further input for the candidates; nobody knows its right answer.

    Attributes:
        input: Text for a program that reads standard input, or a tuple of positional
            arguments for one that is called.
        origin: How it was made. ``stress`` inputs are large and may be slow to answer.
        trusted: Whether the input certainly obeys the statement (it was taken from there).
        family: The types it assumes, where the problem leaves them open; empty otherwise. Keep
            the families on which most candidates do not raise ``TypeError``.
    """

    input: str | tuple[Any, ...]
    origin: Origin
    trusted: bool = False
    family: str = ""
