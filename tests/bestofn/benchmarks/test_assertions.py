"""Single assertions from generated text."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.assertions import clean_assertions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" f(1) == 2\n", ["assert f(1) == 2"]),
        (
            "\n    f(1) == 2, 'one'\nassert \n    f(2) == 3",
            ["assert f(1) == 2, 'one'", "assert f(2) == 3"],
        ),
        (" f(1) == 2\n\ndef g():\n    return f(", ["assert f(1) == 2"]),
        (" f(1) == 2\nprint('done')\n", ["assert f(1) == 2"]),
        (
            " f([1,\n  2]) == 3\n    assert f([]) == 0 # none\n",
            ["assert f([1,\n  2]) == 3", "assert f([]) == 0"],
        ),
        (" f(1) == ", []),
        (" g(1) == 2", []),
        (" prefix_f(1) == 2", []),
        (" 'f' == 2", []),
        (" f(1) is 2", ["assert f(1) is 2"]),
        (" (yield f(1))", []),
        ("\x00 f(1)", []),
        ("", []),
        ("\n", []),
    ],
)
def test_by_hand(text: str, expected: list[str]) -> None:
    assert list(clean_assertions(text, "f")) == expected


def test_the_limit_keeps_the_first() -> None:
    text = "\nassert".join(f" f({n}) == {n}" for n in range(9))
    assert clean_assertions(text, "f") == tuple(f"assert f({n}) == {n}" for n in range(5))
    assert len(clean_assertions(text, "f", limit=None)) == 9
    assert len(clean_assertions(text, "f", limit=1)) == 1


def test_an_assertion_before_much_broken_code() -> None:
    broken = "\n".join(f"    line {n} (" for n in range(5000))
    assert clean_assertions(f" f(1) == 2\n{broken}", "f") == ("assert f(1) == 2",)


@given(text=st.text(alphabet="f()=1 assert\n\"'[],:#", max_size=80))
def test_what_is_kept_is_one_assertion_that_names_the_function(text: str) -> None:
    for source in clean_assertions(text, "f", limit=None):
        (statement,) = ast.parse(source).body
        assert isinstance(statement, ast.Assert)
        assert "f" in {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}


@given(values=st.lists(st.recursive(st.integers() | st.text(max_size=5), st.lists, max_leaves=4)))
def test_whole_assertions_survive(values: list[object]) -> None:
    sources = [f"f({value!r}) == {value!r}" for value in values]
    sources = [source for source in sources if "assert" not in source]
    text = " " + "\nassert ".join(sources)
    assert list(clean_assertions(text, "f", limit=None)) == [f"assert {s}" for s in sources]
