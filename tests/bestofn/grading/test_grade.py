from __future__ import annotations

import pytest

from bestofn import Candidate, Limits, Problem, Sandbox, TestCase
from bestofn.grading import grade, shorten, show

pytestmark = pytest.mark.anyio

PROMPT = '''\
import math

def helper(x):
    return x + 1

def f(x):
    """Return x plus one."""
'''
FUNCTION = Problem(statement="Add one.", starter_code=PROMPT, entry_point="f")
STDIN = Problem(statement="Add one.")
CHECK = TestCase(
    kind="assertion",
    input=(
        "def check(candidate):\n"
        "    for x in range(5):\n"
        "        assert candidate(x) == helper(x)\n"
        "    assert math.isclose(candidate(0.5), 1.5)\n"
    ),
)
UNITTEST = TestCase(
    kind="unittest",
    input=(
        "import unittest\n"
        "class Tests(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertEqual(f(1), 2)\n"
        "    def test_two(self):\n        self.assertEqual(f(-1), 0)\n"
    ),
)


async def outcomes(problem, code, tests, **options):
    async with Sandbox(workers=1) as sandbox:
        return await grade(problem, Candidate(id="a", code=code), tests, sandbox, **options)


async def statuses(problem, code, *tests, **options):
    return [outcome.status for outcome in await outcomes(problem, code, tests, **options)]


async def test_kinds_can_be_mixed_and_keep_their_order():
    code = PROMPT + "    return x + 1\n"
    call = TestCase(kind="call", input=[1], expected=2)
    wrong = TestCase(kind="call", input=[1], expected=3)
    got = await outcomes(FUNCTION, code, [CHECK, wrong, UNITTEST, call, CHECK])
    assert [outcome.status for outcome in got] == ["passed", "wrong", "passed", "passed", "passed"]
    assert [outcome.tamper_evident for outcome in got] == [False, False, True, False, False]
    assert got[1].output == "2"


async def test_what_a_program_does_becomes_an_outcome():
    test = TestCase(kind="stdin", input="1\n", expected="2")
    assert await statuses(STDIN, "print(int(input()) + 1)", test) == ["passed"]
    assert await statuses(STDIN, "print(int(input()))", test) == ["wrong"]
    assert await statuses(STDIN, "print(2); raise ValueError('late')", test) == ["error"]
    assert await statuses(STDIN, "print(2); raise SystemExit(1)", test) == ["error"]
    assert await statuses(STDIN, "print((", test) == ["error"]
    assert await statuses(STDIN, "", test) == ["wrong"]
    quick = Limits(seconds=0.3)
    assert await statuses(STDIN, "while True: pass", test, limits=quick) == ["timeout"]
    small = Limits(memory_bytes=1 << 30)
    assert await statuses(STDIN, "x = bytearray(1 << 31)", test, limits=small) == ["memory"]


async def test_a_failed_assertion_is_wrong_and_a_crash_is_an_error():
    assert await statuses(FUNCTION, "def f(x): return x", CHECK) == ["wrong"]
    assert await statuses(FUNCTION, "def f(x): return x.y", CHECK) == ["error"]
    assert await statuses(FUNCTION, "def g(x): return x", CHECK) == ["error"]
    assert await statuses(FUNCTION, "def f(x): return x", UNITTEST) == ["error"]
    # An assert of the candidate's own is not a verdict about it: it is its crash.
    call = TestCase(kind="call", input=[1], expected=2)
    assert await statuses(FUNCTION, "def f(x): assert False", call) == ["error"]


async def test_equality_cannot_be_forged():
    always_equal = (
        "class E:\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"
        "def f(x): return E()\n"
    )
    call = TestCase(kind="call", input=[1], expected=2)
    assert await statuses(FUNCTION, always_equal, call) == ["wrong"]
    assert await statuses(FUNCTION, always_equal, CHECK) == ["wrong"]


async def test_scripts_that_pass_functions_are_run_inside_and_marked():
    problem = Problem(statement="Apply.", starter_code="def f(g, n): ...", entry_point="f")
    plain = TestCase(kind="assertion", input="assert f(abs, -1) == 1")
    needy = TestCase(kind="assertion", input="assert f(lambda n: n + 1, 1) == 2")
    wrong = TestCase(kind="assertion", input="assert f(lambda n: n + 1, 1) == 3")
    code = (
        "seen = []\ndef f(g, n):\n    seen.append(n)\n    assert len(seen) == 1\n    return g(n)\n"
    )
    got = await outcomes(problem, code, [needy, plain, wrong, needy])
    assert [outcome.status for outcome in got] == ["passed", "passed", "wrong", "passed"]
    assert [outcome.tamper_evident for outcome in got] == [True, False, True, True]


async def test_no_answer_moves_a_script_inside():
    liar = "class E:\n    def __eq__(self, other): return True\n"
    for returned in ("E()", "iter([E()])", "lambda: 1", "[E()]", "__import__('re').match('', '')"):
        code = f"{liar}def f(x): return {returned}\n"
        (got,) = await outcomes(FUNCTION, code, [CHECK])
        assert (got.passed, got.tamper_evident) == (False, False)


async def test_tampering_with_unittest_is_a_failure_with_a_reason():
    code = "import unittest\nunittest.TestCase.assertEqual = print\ndef f(x): return x + 1\n"
    (got,) = await outcomes(FUNCTION, code, [UNITTEST])
    assert (got.status, got.tamper_evident) == ("error", True)
    assert got.error == "TamperedWith: unittest.case.TestCase.assertEqual was replaced"


async def test_a_leetcode_class_finds_the_usual_names():
    code = (
        "class Solution:\n"
        "    def f(self, xs: List[int]) -> int:\n"
        "        return pow(2, len(Counter(xs)), 7) + gcd(4, 6)\n"
    )
    problem = Problem(statement="Count.", entry_point="f")
    test = TestCase(kind="call", input=[[1, 1, 2]], expected=4 + 2)
    assert await statuses(problem, code, test) == ["passed"]


async def test_a_huge_integer_is_an_answer_like_any_other():
    problem = Problem(statement="Big.", entry_point="f")
    tests = [
        TestCase(kind="call", input=[20_000], expected=10**20_000),
        TestCase(kind="call", input=[20_001], expected=10**20_000),
    ]
    got = await outcomes(problem, "def f(n): return 10 ** n", tests)
    assert [outcome.status for outcome in got] == ["passed", "wrong"]


async def test_tolerance_is_asked_for():
    problem = Problem(statement="Sum.", entry_point="f")
    test = TestCase(kind="call", input=[], expected=0.3)
    assert await statuses(problem, "def f(): return 0.1 + 0.2", test) == ["wrong"]
    assert await statuses(problem, "def f(): return 0.1 + 0.2", test, tolerance=1e-9) == ["passed"]
    lenient = Problem(statement="Sum.", entry_point="f", tolerance=0.1)
    for asked in (0.0, 1e-9):  # the problem's own counts, whoever grades
        got = await statuses(lenient, "def f(): return 0.35", test, tolerance=asked)
        assert got == ["passed"]
    assert await statuses(lenient, "def f(): return 0.5", test) == ["wrong"]


def test_text_for_people_is_short_and_on_one_line():
    assert shorten("a\n b\n") == "a ⏎ b"
    long = shorten("x" * 10_000 + "y")
    assert len(long) <= 200
    assert long.endswith("y")
    assert "…" in long
    assert show([1]) == "[1]"
    assert "too long" in show(10**5000)
