"""Examples in docstrings: what is read, and what is rather left alone."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn import Problem, TestCase
from bestofn.probes.calls.docstring import Example, call_examples, docstring_examples
from bestofn.probes.calls.literals import NotALiteral, read_literal, read_whole


def examples(docstring: str, header: str = "f(x)") -> list[tuple[tuple[Any, ...], Any]]:
    code = f'def {header}:\n    """{docstring}\n    """\n'
    return [(e.arguments, e.expected) for e in docstring_examples(code, header.split("(")[0])]


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("\n    >>> f(1)\n    2\n", [((1,), 2)]),
        ("\n    >>> f([1, 2]) == [2]", [(([1, 2],), [2])]),
        ("\n    >>> f([1]) [0]", [(([1],), [0])]),
        ("f(3) ➞ 5", [((3,), 5)]),
        ('f("a") => "b"', [(("a",), "b")]),
        ("f(5) returns 10", [((5,), 10)]),
        ("f(5) -> 10", [((5,), 10)]),
        ("f(5) should return True.", [((5,), True)]),
        ("f(5) should return 16.", [((5,), 16)]),
        ("f(\"x\") # => 'No' (it is short)", [(("x",), "No")]),
        ("f(1) == 2, f(2) == 3; f(4) == 5", [((1,), 2), ((2,), 3), ((4,), 5)]),
        ("f(-1.5) == (1, None)", [((-1.5,), (1, None))]),
        ('f({"a": [1, (2, 3)]}) => {1: "x"}', [(({"a": [1, (2, 3)]},), {1: "x"})]),
        ("f(19) -> 19 - 5 - 6 = 8", [((19,), 8)]),
        ("for x = [1, 2] the output should be 3", [(([1, 2],), 3)]),
        ("Input: [4, 2]\n    Output: [2, 1]\n    Explanation: so.", [(([4, 2],), [2, 1])]),
        ("Input: x = 4\n    Output: 2", [((4,), 2)]),
        ("Examples:\n    * f(1) => 2\n    - f(2) => 3", [((1,), 2), ((2,), 3)]),
    ],
)
def test_reads(docstring: str, expected: list[Any]) -> None:
    assert repr(examples(docstring)) == repr(expected)


@pytest.mark.parametrize(
    "docstring",
    [
        "f(n) = f(n-1) + 1",
        "f(a) => False",
        "f(1) + f(2) == 3",
        "if f(2) == 3 then stop",
        "not f(2) == 3",
        "f(2) == 3 * 2",
        "f(4) => 2, 3",
        "f(3) is 3 times larger",
        "f(19) -> 19 - 5 = 8",
        "f(1, 2) == 3",
        "for x = 5 it is known",
        "f(1) == 2\n    f(1) == 3",
        ">>> f(1)\n    >>> f(2)",
        "g.f(1) == 2",
        "f(3)",
        "",
    ],
)
def test_leaves_alone(docstring: str) -> None:
    assert examples(docstring) == []


def test_several_named_inputs_in_any_order() -> None:
    found = examples("Input: k = 3, arr = [1, 2]\n    Output: 4", "f(arr, k)")
    assert found == [(([1, 2], 3), 4)]


def test_backslashes_are_read_as_code() -> None:
    assert examples(">>> f(\"a\\\\nb\")\n    'b'") == [(("a\\nb",), "b")]
    assert docstring_examples("def f(x):\n    '''f(\"a\\nb\") == 1'''", "f") == [
        Example(("a\nb",), 1)
    ]


def test_helpers_are_not_the_function() -> None:
    code = (
        'def g(x):\n    """g(1) == 2"""\n    return x + 1\n\n\n'
        'def f(x):\n    """Undo g. g(3) == 4\n    f(2) == 1\n    """\n'
    )
    assert docstring_examples(code, "f") == [Example((2,), 1)]
    without = code.replace("    f(2) == 1\n", "")
    assert docstring_examples(without, "f") == []


def test_another_name_throughout_is_a_slip() -> None:
    assert examples("assert func([1]) == [2]\n    assert func([2]) == [3]") == [
        (([1],), [2]),
        (([2],), [3]),
    ]
    assert examples("one(1) == 2\n    two(1) == 3") == []


def test_definitions_in_passing_give_way_to_examples_of_the_value() -> None:
    text = "f(1) = 3\n    f(2) = 1\n    Examples:\n    f(3) = [1, 3, 2]"
    assert examples(text) == [((3,), [1, 3, 2])]


def test_statement_and_starter_code_are_merged() -> None:
    problem = Problem(
        statement="Double it: f(4) == 8. And f(1) == 2.",
        starter_code='def f(x):\n    """f(1) == 2"""\n',
        entry_point="f",
    )
    assert [e.arguments for e in call_examples(problem)] == [(1,), (4,)]
    assert call_examples(Problem(statement="f(1) == 2")) == []


def test_class_with_a_method() -> None:
    problem = Problem(
        statement="Example 1:\nInput: nums = [1, 2], k = 3\nOutput: 6\n",
        starter_code="class Solution:\n    def f(self, nums: List[int], k: int) -> int:\n        ",
        entry_point="f",
        public_tests=(TestCase(kind="call", input=([1], 1), expected=1),),
    )
    assert call_examples(problem) == [Example(([1, 2], 3), 6)]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=12,
)


@given(PLAIN, st.sampled_from(["", " tail", ", 3", "]"]))
def test_literals_round_trip(value: Any, tail: str) -> None:
    text = repr(value)
    if any(word in text for word in ("inf", "e+", "\\u", "\\U")):
        return
    assert read_literal(text + tail) == (value, len(text))


@given(st.text(max_size=80))
def test_literals_never_raise_anything_else(text: str) -> None:
    with contextlib.suppress(NotALiteral):
        read_whole(text)


PIECES = st.sampled_from(
    ["f(", ")", "[", "]", "1", ", ", " == ", "=>", ">>> ", "\n", "'", '"', "{", "}", ":", "Input: ",
     "Output: ", "x = ", "for ", "the output should be ", "returns ", "\\", "f(1)", "2", ".", "-"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=6), max_size=60).map("".join))
@settings(max_examples=300)
def test_any_text_is_survived(text: str) -> None:
    docstring_examples(f'def f(x):\n    """{text}', "f")
    docstring_examples(text, "f")
    call_examples(Problem(statement=text + ".", starter_code=text, entry_point="f"))


@pytest.mark.parametrize(
    "piece", ["f(", "[", "f(1) == ", "'", "Input: x = 1, ", "for x = 1 ", ">>> f(1)\n", "{1: ", " "]
)
def test_long_text_ends_quickly(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    start = time.process_time()
    docstring_examples(f'def f(x):\n    """{text}"""\n', "f")
    assert time.process_time() - start < 5
