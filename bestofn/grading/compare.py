"""When two answers are the same.

Text follows the rule of LiveCodeBench's evaluator: surrounding white space of the whole and of
each line does not count, and a line whose tokens are all equal as decimal numbers is equal
(``1.0`` is ``1e0``; ``nan`` equals nothing). Values follow Python's ``==`` on plain data, where
a tuple returned in place of a list counts as the list, as in the same evaluator.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any


def _decimals(line: str) -> list[Decimal] | None:
    try:
        return [Decimal(token) for token in line.split()]
    except InvalidOperation:
        return None


def _close(expected: Decimal, actual: Decimal, tolerance: float) -> bool:
    if expected == actual:
        return True
    # An integer is asked for exactly; only a written fraction or exponent is an approximation.
    if not tolerance or not expected.is_finite() or not actual.is_finite():
        return False
    if int(expected.as_tuple().exponent) >= 0:
        return False
    return abs(expected - actual) <= Decimal(tolerance) * max(Decimal(1), abs(expected))


def same_output(expected: str, actual: str, *, tolerance: float = 0.0) -> bool:
    """Whether printed text is the expected one.

    Args:
        expected: The text that should be printed.
        actual: The text that was printed.
        tolerance: Relative (below 1: absolute) difference allowed for numbers that are written
            with a fraction in ``expected``. 0 demands equal decimals.
    """
    expected_lines = expected.strip().split("\n")
    actual_lines = actual.strip().split("\n")
    if len(expected_lines) != len(actual_lines):
        return False
    for wanted, got in zip(expected_lines, actual_lines, strict=True):
        if wanted.strip() == got.strip():
            continue
        wanted_numbers, got_numbers = _decimals(wanted), _decimals(got)
        if wanted_numbers is None or got_numbers is None:
            return False
        if len(wanted_numbers) != len(got_numbers):
            return False
        pairs = zip(wanted_numbers, got_numbers, strict=True)
        if not all(_close(a, b, tolerance) for a, b in pairs):
            return False
    return True


def same_value(expected: Any, actual: Any, *, tolerance: float = 0.0) -> bool:
    """Whether a returned value is the expected one.

    Args:
        expected: A plain value.
        actual: What came back from the sandbox, rebuilt as plain data.
        tolerance: Relative (below 1: absolute) difference allowed where ``expected`` is a
            float. 0 demands equality.
    """
    if isinstance(expected, list) and isinstance(actual, tuple):
        actual = list(actual)
    return _same(expected, actual, tolerance)


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(actual, int | float):
        if expected == actual or (math.isnan(expected) and math.isnan(actual)):
            return True
        return bool(tolerance) and math.isclose(
            expected, actual, rel_tol=tolerance, abs_tol=tolerance
        )
    if isinstance(expected, list | tuple) and type(expected) is type(actual):
        return len(expected) == len(actual) and all(
            _same(a, b, tolerance) for a, b in zip(expected, actual, strict=True)
        )
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            _same(value, actual[key], tolerance) for key, value in expected.items()
        )
    return bool(expected == actual)
