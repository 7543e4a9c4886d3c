from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.grading import same_output, same_value


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("3\n", "3", True),
        ("3", "  3  \n\n", True),
        ("1 2\n3", "1 2 \n 3", True),
        ("1.0", "1", True),
        ("1e0", "1.000", True),
        ("1_0", "10", True),
        ("nan", "nan", True),  # equal as text; only as numbers does nan differ
        ("nan 1.0", "nan 1", False),
        ("Yes", "YES", False),
        ("1 2", "1  2", True),  # tokens are equal as numbers
        ("a b", "a  b", False),
        ("1\n2", "1 2", False),
        ("1\n\n2", "1\n2", False),
        ("", "\n", True),
        ("0.5", "0.50000001", False),
        ("1", "one", False),
        ("1 2", "1 2 3", False),
    ],
)
def test_text_follows_the_upstream_rule(expected, actual, same):
    assert same_output(expected, actual) is same


def test_tolerance_applies_to_written_fractions_only():
    assert same_output("0.5", "0.5000000001", tolerance=1e-6)
    assert same_output("1000000.5", "1000000.9", tolerance=1e-6)  # relative above 1
    assert not same_output("0.5", "0.51", tolerance=1e-6)
    assert not same_output("1000000", "1000001", tolerance=1e-5)
    assert not same_output("0.5", "nan", tolerance=1e-6)
    assert not same_output("0.5", "inf", tolerance=1e-6)
    assert same_output("1.5e10", "15000000000.1", tolerance=1e-6)
    assert not same_output("1e5", "100001", tolerance=1e-6)
    assert same_output("inf", "Infinity", tolerance=1e-6)


def test_tolerance_reaches_numbers_among_words():
    assert same_output("Case 1: 0.50", "Case 1: 0.5000001", tolerance=1e-6)
    assert not same_output("Case 1: 0.50", "Case 1: 0.5000001")
    assert not same_output("Case 1: 0.50", "Case 2: 0.50", tolerance=1.5)
    assert not same_output("Case 1 0.50", "Case 01 0.50", tolerance=1e-6)
    assert not same_output("Case 0.50", "Case  0.50", tolerance=1e-6)
    assert not same_output("Case 0.50", "Case half", tolerance=1e-6)


@pytest.mark.parametrize(
    "printed",
    ["snan", "-sNaN7", "nan", "inf", "1e9999999", "-1e" + "9" * 18, "1e-" + "9" * 18, "9" * 10_000],
)
@pytest.mark.parametrize("tolerance", [0.0, 1e-6])
def test_no_number_that_a_program_prints_stops_the_comparison(printed, tolerance):
    assert not same_output("0.5", printed, tolerance=tolerance)
    assert not same_output("5 0.5", f"{printed} 0.5", tolerance=tolerance)
    assert not same_output(f"0.5 {printed}", "0.5 7", tolerance=tolerance)


@given(st.text(max_size=60))
def test_text_equals_itself_with_more_space_around(text):
    assert same_output(text, text)
    assert same_output(text, f"\n {text} \n")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ([1, 2], (1, 2), True),  # a tuple in place of a list, as upstream
        ((1, 2), [1, 2], False),
        ([[1], [2]], [[1], (2,)], False),
        (1, True, True),
        (1, 1.0, True),
        ([1.0], [1], True),
        ("1", 1, False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1}, {"b": 1}, False),
        ({1, 2}, {2, 1}, True),
        (float("nan"), float("nan"), True),
        (None, False, False),
        ([], (), True),
        ([1, 2, 3], [1, 2], False),
        (0.3, 0.1 + 0.2, False),
    ],
)
def test_values(expected, actual, same):
    assert same_value(expected, actual) is same


def test_value_tolerance_reaches_inside():
    assert same_value([{"x": (0.3, 1)}], [{"x": (0.1 + 0.2, 1)}], tolerance=1e-9)
    assert not same_value([0.3], [0.4], tolerance=1e-9)
    assert not same_value([3], [3.0000001], tolerance=1e-3)  # an integer is asked for exactly


def test_value_tolerance_is_relative_above_1_and_knows_complex_numbers():
    assert same_value(1e6, 1e6 + 0.5, tolerance=1e-6)
    assert not same_value(1e6, 1e6 + 1.5, tolerance=1e-6)
    assert same_value([1j], [1e-9 + 1j], tolerance=1e-6)
    assert not same_value([1j], [1e-3 + 1j], tolerance=1e-6)
    assert same_value(1.0, 1, tolerance=1e-6)


@pytest.mark.parametrize(
    "returned",
    [
        *(pytest.param(sign * 10**400, id=f"{sign}e400") for sign in (1, -1)),
        *(math.nan, math.inf, 1e308, complex(1e308, 1e308), Decimal("sNaN")),
        {1: []}.items(),
    ],
)
@pytest.mark.parametrize("expected", [0.5, -1e308, math.inf, math.nan, 1j, 3, [0.5], {"a": 1}, {2}])
def test_no_value_that_a_program_returns_stops_the_comparison(expected, returned):
    for tolerance in (0.0, 1e-6):
        same = same_value(expected, returned, tolerance=tolerance)
        assert same is (repr(expected) == repr(returned))
        assert not same_value([expected, 0], [returned, 1], tolerance=tolerance)
