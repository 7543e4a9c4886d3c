"""When LiveCodeBench's evaluator takes output for right, and how its results travel."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import Any

from . import lcb_slips as slips
from .lcb_streams import Note

_LONG = re.compile(r"\d{4301}")


def same_text(printed: str, expected: str, note: Note) -> bool:
    """Whether output is right: by stripped lines, and those by their tokens as numbers.

    Args:
        printed: What a program wrote.
        expected: What it should have written.
        note: Told of what only this comparison sees in this way.

    Raises:
        InvalidOperation: a signalling nan was compared.
    """
    lines, wanted = _lines(printed), _lines(expected)
    if len(lines) != len(wanted):
        return False
    for line, right in zip(lines, wanted, strict=True):
        if line == right:
            continue
        numbers = _decimals(line)
        right_numbers = None if numbers is None else _decimals(right)
        if right_numbers is None:
            return False
        if any(number.is_nan() for number in numbers or ()):
            note(slips.NAN)
        if numbers != right_numbers:
            return False
        note(slips.NUMBERS_AS_TEXT)
    return True


def note_long_integers(text: str, note: Note) -> None:
    """Note numbers that Python by itself would not write or read."""
    if _LONG.search(text):
        note(slips.LONG_INTEGERS)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _decimals(line: str) -> list[Decimal] | None:
    try:
        return [Decimal(token) for token in line.split()]
    except Exception:  # upstream: anything at all
        return None


def plain(results: list[Any]) -> list[bool | int]:
    """Results as they arrive in another process.

    Raises:
        TypeError: one cannot be sent there.
    """
    numpy = sys.modules.get("numpy")
    plain: list[bool | int] = []
    for result in results:
        if numpy is not None and isinstance(result, numpy.ndarray):
            result = result.item(0)
        if numpy is not None and isinstance(result, numpy.bool_):
            result = bool(result)
        if type(result) not in (bool, int, float):
            raise TypeError(f"a comparison gave {type(result).__name__}, which cannot be sent")
        plain.append(result if isinstance(result, bool | int) else result > 0)
    return plain
