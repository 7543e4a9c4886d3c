"""JSON from outside: read strictly, so that what goes on is JSON again."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MOST_TOKENS = 10**12
"""Larger counts are no counts; sums of them would leave the range of databases and floats."""


def parsed(raw: bytes) -> Any:
    """The document in a body.

    Raises:
        ValueError: it is not JSON, or would not be when it is written again.
    """
    try:
        return json.loads(raw, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def count(value: Any) -> int:
    """A number of tokens as somebody reports it; 0 where it is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(max(0, value), MOST_TOKENS) if whole else 0


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):  # would go on as the word Infinity, which is not JSON
        raise ValueError(f"{number[:20]} is beyond all floating-point numbers")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
