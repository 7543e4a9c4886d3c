from __future__ import annotations

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
