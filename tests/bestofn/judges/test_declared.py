"""What a problem says of returned values."""

from __future__ import annotations

import pytest

from bestofn import Problem
from bestofn.judges.declared import declared_return


def denied(code: str, value: object) -> bool:
    problem = Problem(statement="Complete f.", starter_code=code, entry_point="f")
    returned = declared_return(problem)
    assert returned is not None
    return returned.contradicted_by(value)


@pytest.mark.parametrize(
    ("hint", "fitting", "others"),
    [
        ("int", [1, 2.0, True], [2.5, "1", None, [1], float("nan"), float("inf")]),
        ("bool", [True, False, 1, 0.0], [2, "True", None, []]),
        ("float", [1, 1.5, float("inf")], ["1.5", None]),
        ("str", ["", "a"], [1, None, ["a"]]),
        ("List[int]", [[], [1, 2.0]], [(1,), ["a"], [1, "a"], 1, None, {1}]),
        ("List[List[str]]", [[], [[]], [["a"]]], [["a"], [[1]]]),
        ("Tuple[int, int]", [(1, 2)], [[1, 2], 1, None]),
        ("Dict[str, int]", [{}, {"a": 1}], [[], None]),
        ("Set[int]", [{1}, frozenset()], [[1]]),
        ("Optional[str]", [None, "a"], [1]),
        ("int | None", [None, 1], ["a"]),
        ("None", [None], [1]),
        ("Any", [1, None, "a"], []),
        ("'TreeNode'", [1, None], []),
    ],
)
def test_annotations(hint: str, fitting: list[object], others: list[object]) -> None:
    for value in fitting:
        assert not denied(f"def f(x) -> {hint}:", value), value
    for value in others:
        assert denied(f"def f(x) -> {hint}:", value), value


@pytest.mark.parametrize(
    ("words", "fitting", "others"),
    [
        ("Return True if x is even, False otherwise.", [True, 0], ["yes", None, 7]),
        ("Returns a sorted list of strings.", [[], ["a"]], ["a", None]),
        ("Return a tuple (a, b).", [(1, 2)], [[1, 2]]),
        ("Return a string's length.", [3, "a"], [None]),
        ("Return an array, or return an integer.", [[], 1], ["a"]),
        ("Return the largest.", [1, "a", []], [None]),
        ("Return the largest, None if there is none.", [1, None], []),
        ("Sort it in place.", [None, 1], []),
        # What an example shows is no demand.
        ("Doubles x.\n    >>> f('returns a list')\n    2", [1, None], []),
    ],
)
def test_words(words: str, fitting: list[object], others: list[object]) -> None:
    for value in fitting:
        assert not denied(f'def f(x):\n    """{words}\n    """\n', value), value
    for value in others:
        assert denied(f'def f(x):\n    """{words}\n    """\n', value), value


def test_programs_return_nothing() -> None:
    assert declared_return(Problem(statement="Return a list.")) is None
