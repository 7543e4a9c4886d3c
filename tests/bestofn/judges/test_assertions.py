from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.judges.assertions import parse_assertions


def parsed(*sources):
    found, unusable = parse_assertions(sources, "f")
    return [(a.arguments, a.expected) for a in found], unusable


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("assert f(1) == 2", ((1,), 2)),
        ("assert 2 == f(1)", ((1,), 2)),
        ("assert candidate([1, 'a'], None) == {'x': (1,)}", (([1, "a"], None), {"x": (1,)})),
        ("assert f(1)", ((1,), True)),
        ("assert not f(1)", ((1,), False)),
        ("assert f() is None, 'message'", ((), None)),
        ("assert f(-1.5) == -2", ((-1.5,), -2)),
        ("def check(candidate):\n    assert candidate(1) == 2", ((1,), 2)),
    ],
)
def test_one_call_against_one_literal(source, expected):
    assert parsed(source) == ([expected], 0)


@pytest.mark.parametrize(
    "source",
    [
        "assert g(1) == 2",
        "assert f(x) == 2",
        "assert f(1) == g(2)",
        "assert f(n=1) == 2",
        "assert f(1) < 2",
        "assert f(1) == f(2) == 3",
        "assert abs(f(1) - 2) < 1e-6",
        "assert f(*[1]) == 2",
        "assert f(",
        "a\0b",
    ],
)
def test_the_rest_is_counted(source):
    assert parsed(source) == ([], 1)


def test_repeats_and_order_are_kept():
    found, unusable = parse_assertions(
        ["assert f(1) == 2\nassert f(1) == 3", "x = 1", "assert f(1) == 2"], "f"
    )
    assert [a.key for a in found] == ["(1,) == 2", "(1,) == 3", "(1,) == 2"]
    assert len({a.call for a in found}) == 1
    assert unusable == 0


@given(st.text(max_size=80))
def test_any_text_is_survived(text):
    parse_assertions([text, "assert " + text, f"assert f({text}) == {text}"], "f")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=6,
)


@given(st.lists(plain, max_size=3), plain)
def test_literals_come_back_as_they_were(arguments, expected):
    source = f"assert f({', '.join(map(repr, arguments))}) == {expected!r}"
    if "inf" in source:  # not a literal
        return
    assert parsed(source) == ([(tuple(arguments), expected)], 0)
