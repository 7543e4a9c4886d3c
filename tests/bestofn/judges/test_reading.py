"""What a program's source says, and what it must not be taken to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn import Problem, TestCase
from bestofn.judges.entry import with_entry_point
from bestofn.judges.reading import Reading, read_program

CALLED = Problem(statement="Complete f.", entry_point="f")
FED = Problem(
    statement="Print the sum.",
    public_tests=[TestCase(kind="stdin", input="1 2\n", expected="3\n")],
)


def read(source: str, problem: Problem = CALLED) -> tuple[bool, bool]:
    reading = read_program(problem, source)
    return reading.idle, reading.unread


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    pass",
        'def f(x):\n    """Return x."""',
        "def f(x, y):\n    return [1, 2]",
        "def f(x):\n    x = 3\n    return 3",
        "def f(*numbers, **more):\n    return 0",
        "def f(x):\n    return int(input())",
        "def f(x):\n    return x",
        'def f(x, y):\n    """Words."""\n    pass\n    return y',
        "class Solution:\n    def f(self, x):\n        return self.y",
        "def f(x):\n    return x + 1\n\ndef f(x):\n    return 1",
    ],
)
def test_functions_that_do_nothing_with_what_they_get(source: str) -> None:
    assert read(source)[0]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return -x",
        "def f(x):\n    x += 1\n    return 0",
        "def f(x):\n    def g():\n        return x\n    return g()",
        "def f(x):\n    return locals()['x']",
        "def f(x):\n    return eval('x')",
        "def f(x):\n    import inspect\n    return inspect.currentframe().f_locals",
        "def f(*numbers):\n    return sum(numbers)",
        # What a call of f reaches is not certain.
        "def g(x):\n    return x + 1\n\ndef f(x):\n    return 1\n\nf = g",
        "from m import g as f\n\ndef f(x):\n    return 1",
        "@decorated\ndef f(x):\n    return 1",
        "if True:\n    def f(x):\n        return 1",
        "def f(x):\n    return 1\n\nclass Solution:\n    def f(self, x):\n        return x + 1",
        "def g(x):\n    return 1",
        "def f():\n    return 1",
        "def f(x:\n    return 1",
        "\0",
    ],
)
def test_functions_that_may_use_what_they_get(source: str) -> None:
    assert not read(source)[0]


def test_a_parameter_that_is_never_looked_at() -> None:
    assert read("def f(x, y):\n    return -x") == (False, True)
    assert read("def f(x, y):\n    return x + y") == (False, False)
    assert read("class Solution:\n    def f(self, x):\n        return -x") == (False, False)


@pytest.mark.parametrize(
    ("source", "idle"),
    [
        ("print(3)", True),
        ("import sys\nsys.stdout.write('3')", True),
        ("n = 3\nprint(n)\ndef g(text):\n    return text.strip()", True),
        ("print(input())", False),
        ("import sys\nprint(sys.stdin.readline())", False),
        ("from sys import stdin as s\nprint(next(s))", False),
        ("print(*open(0))", False),
        ("import os\nprint(os.read(0, 9))", False),
        ("exec('print(inp' + 'ut())')", False),
        ("import sys\nprint(getattr(sys, 'std' + 'in').read())", False),
        ("print(", False),
    ],
)
def test_programs_that_cannot_read(source: str, idle: bool) -> None:
    assert read(source, FED) == (idle, False)


def test_input_that_is_not_there_need_not_be_read() -> None:
    for tests in ((), [TestCase(kind="stdin", input="\n", expected="3\n")]):
        problem = Problem(statement="Print the answer to your input.", public_tests=tests)
        assert read("print(3)", problem) == (False, False)
    told = Problem(statement="Sum.\n\nInput\n\nA B\n\nOutput\n\nA + B")
    assert read("print(3)", told) == (True, False)


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    assert isinstance(read_program(CALLED, "def f(x):\n    return " + text), Reading)
    assert isinstance(read_program(FED, text), Reading)


PLAIN = Problem(statement="Write a function that doubles a number.")


@pytest.mark.parametrize(
    "sources",
    [
        ["def double(n):\n    return 2 * n", "import math\ndef double(n):\n    return n + n"],
        ["def double(n):\n    return helper(n)\ndef helper(n):\n    return 2 * n"] * 2
        + ["def double(n):\n    return n", "not Python at all"],
        ["class Solution:\n    def double(self, n):\n        return 2 * n"] * 2,
    ],
)
def test_the_one_function_of_all_is_the_entry_point(sources: list[str]) -> None:
    found = with_entry_point(PLAIN, sources)
    assert found.entry_point == "double"
    assert "def double(" in found.starter_code


@pytest.mark.parametrize(
    "sources",
    [
        ["def double(n):\n    return 2 * n", "def twice(n):\n    return 2 * n"],
        ["def double(n):\n    return g(n)\ndef g(n):\n    return n"] * 2,  # which of the two?
        ["def double(n):\n    return 2 * n\nprint(double(int(input())))"] * 2,
        ["def main():\n    print('hello')\nmain()"] * 2,
        ["def double():\n    return 2"],
        ["not Python at all"],
        [],
    ],
)
def test_otherwise_the_problem_stays_as_it_is(sources: list[str]) -> None:
    assert with_entry_point(PLAIN, sources) is PLAIN


def test_what_the_problem_says_is_not_overruled() -> None:
    sources = ["def double(n):\n    return 2 * n"]
    assert with_entry_point(CALLED, sources) is CALLED
    assert with_entry_point(FED, sources) is FED
    started = Problem(statement="Double.", starter_code="def double(n: int) -> int:")
    assert with_entry_point(started, sources).starter_code == started.starter_code
