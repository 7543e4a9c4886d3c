"""When NumPy's ``allclose`` calls two values close, without NumPy where it is not needed.

To import NumPy costs more than most programs do. Scalars and equally nested lists of Python's
own numbers are compared here; whatever else there is, NumPy is asked.
"""

from __future__ import annotations

from typing import Any

_SMALLEST, _BEYOND = -(2**63), 2**64  # NumPy keeps such whole numbers as numbers


def close(actual: Any, expected: Any, *, relative: float, absolute: float) -> bool:
    """``allclose(actual, expected)``: the tolerance grows with ``expected``.

    Raises:
        TypeError, ValueError: the values cannot be compared so.
    """
    if _is_number(actual) and _is_number(expected):
        return _close(actual, expected, relative, absolute)
    if _shape(actual) is not None and _shape(actual) == _shape(expected):
        pairs = zip(_leaves(actual), _leaves(expected), strict=True)
        return all(_close(a, b, relative, absolute) for a, b in pairs)
    import numpy

    return bool(numpy.allclose(actual, expected, rtol=relative, atol=absolute))


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return _SMALLEST <= value < _BEYOND
    return type(value) in (float, bool)


def _close(actual: float, expected: float, relative: float, absolute: float) -> bool:
    a, b = float(actual), float(expected)
    infinite = b in (float("inf"), float("-inf"))
    # Not a number is near nothing; subtracting would not say so of infinities.
    return a == b or (not infinite and abs(a - b) <= absolute + relative * abs(b))


def _shape(value: Any) -> tuple[int, ...] | None:
    """Lengths of evenly nested lists and tuples of numbers; None for everything else."""
    if _is_number(value):
        return ()
    if type(value) not in (list, tuple):
        return None
    inner = {_shape(item) for item in value}
    if len(inner) > 1:
        return None
    below = inner.pop() if inner else ()
    return None if below is None else (len(value), *below)


def _leaves(value: Any) -> list[Any]:
    if type(value) in (list, tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]
