"""When two answers are the same.

Text follows the rule of LiveCodeBench's evaluator: surrounding white space of the whole and of
each line does not count, and a line whose tokens are all equal as decimal numbers is equal
(``1.0`` is ``1e0``; ``nan`` equals nothing). Values follow Python's ``==`` on plain data, where
a tuple returned in place of a list counts as the list, as in the same evaluator.

A tolerance allows a number to be off by so much, or by so much of the expected number's size
where that is above 1. It is for numbers that are written with a fraction or an exponent; a
whole number is asked for exactly.
"""

from __future__ import annotations

import cmath
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any

_EXACT_ENOUGH = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""No number that a program prints makes this raise; the usual context overflows at 1e1000000."""


def _decimal(token: str) -> Decimal | None:
    try:
        return Decimal(token)
    except InvalidOperation:
        return None


def _decimals(line: str) -> list[Decimal] | None:
    numbers = []
    for token in line.split():
        number = _decimal(token)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _close(wanted: str, expected: Decimal, actual: Decimal, tolerance: float) -> bool:
    if expected.is_nan() or actual.is_nan():  # to compare a signalling one would raise
        return False
    if expected == actual:
        return True
    finite = expected.is_finite() and actual.is_finite()
    return finite and _is_approximate(wanted, tolerance) and _within(expected, actual, tolerance)


def _is_approximate(wanted: str, tolerance: float) -> bool:
    return tolerance > 0 and ("." in wanted or "e" in wanted.lower())


def _within(expected: Decimal, actual: Decimal, tolerance: float) -> bool:
    difference = _EXACT_ENOUGH.subtract(expected, actual).copy_abs()
    size = max(Decimal(1), expected.copy_abs())
    return difference <= _EXACT_ENOUGH.multiply(Decimal(tolerance), size)


def _same_line(wanted: str, got: str, tolerance: float) -> bool:
    if wanted.strip() == got.strip():
        return True
    expected, actual = _decimals(wanted), _decimals(got)
    if expected is not None and actual is not None:
        return len(expected) == len(actual) and all(
            _close(token, a, b, tolerance)
            for token, a, b in zip(wanted.split(), expected, actual, strict=True)
        )
    return tolerance > 0 and _same_words(wanted.strip(), got.strip(), tolerance)


def _same_words(wanted: str, got: str, tolerance: float) -> bool:
    """Whether lines differ in nothing but numbers with a fraction (``Case 1: 0.50``)."""
    words, others = wanted.split(" "), got.split(" ")
    if len(words) != len(others):
        return False
    for word, other in zip(words, others, strict=True):
        if word == other:
            continue
        expected, actual = _decimal(word), _decimal(other)
        if expected is None or actual is None or not _is_approximate(word, tolerance):
            return False
        if not _close(word, expected, actual, tolerance):
            return False
    return True


def same_output(expected: str, actual: str, *, tolerance: float = 0.0) -> bool:
    """Whether printed text is the expected one.

    Args:
        expected: The text that should be printed.
        actual: The text that was printed.
        tolerance: Relative (below 1: absolute) difference allowed for numbers that are written
            with a fraction or an exponent in ``expected``. 0 demands equal decimals.
    """
    expected_lines = expected.strip().split("\n")
    actual_lines = actual.strip().split("\n")
    return len(expected_lines) == len(actual_lines) and all(
        _same_line(wanted, got, tolerance)
        for wanted, got in zip(expected_lines, actual_lines, strict=True)
    )


def same_value(expected: Any, actual: Any, *, tolerance: float = 0.0) -> bool:
    """Whether a returned value is the expected one.

    Args:
        expected: A plain value.
        actual: What came back from the sandbox, rebuilt as plain data.
        tolerance: Relative (below 1: absolute) difference allowed where ``expected`` is a
            float or a complex number. 0 demands equality.
    """
    if isinstance(expected, list) and isinstance(actual, tuple):
        actual = list(actual)
    try:
        return _same(expected, actual, tolerance)
    except (InvalidOperation, TypeError):
        # A signalling nan and the items of a dictionary of lists do not let themselves be compared.
        return False


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, float | complex) and isinstance(actual, int | float | complex):
        if expected == actual or (expected != expected and actual != actual):
            return True
        return tolerance > 0 and _near(expected, actual, tolerance)
    if isinstance(expected, list | tuple) and type(expected) is type(actual):
        return len(expected) == len(actual) and all(
            _same(a, b, tolerance) for a, b in zip(expected, actual, strict=True)
        )
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            _same(value, actual[key], tolerance) for key, value in expected.items()
        )
    return bool(expected == actual)


def _near(expected: float | complex, actual: float | complex, tolerance: float) -> bool:
    try:
        finite = cmath.isfinite(expected) and cmath.isfinite(actual)
        return finite and abs(expected - actual) <= tolerance * max(1.0, abs(expected))
    except OverflowError:  # an integer that no float can hold is near none
        return False
