"""EvalPlus' rules, probed. Its own data are not here."""

from __future__ import annotations

import math

import pytest

from bestofn import Candidate, Problem, Sandbox
from bestofn.errors import InvalidInput
from bestofn.grading import grade as strict
from bestofn.grading.official import evalplus, slips
from bestofn.grading.official.evalplus import EvalPlusInputs, EvalPlusTests
from bestofn.sandbox.inside.official import evalplus as inside
from bestofn.sandbox.inside.official.tolerance import close

pytestmark = pytest.mark.anyio

PATIENT = 60.0  # seconds, where the clock is not the point
YES = """\
class Yes:
    def __eq__(self, other):
        return True
def f(x):
    return Yes()
"""
READS_EXPECTED = """\
import sys
def f(x):
    frame = sys._getframe(1)
    return frame.f_locals["expected"][frame.f_locals["i"]]
"""
CATCHES = """\
import signal
def f(x):
    try:
        signal.raise_signal(signal.SIGALRM)
    except BaseException:
        return 2 * x
"""


def made_of(cases, *, dataset="humaneval", atol=0.0, plus=()):
    def group(pairs):
        return EvalPlusInputs(
            inputs=tuple(arguments for arguments, _ in pairs),
            outputs=tuple(answer for _, answer in pairs),
            seconds=(0.0,) * len(pairs),
        )

    return EvalPlusTests(dataset=dataset, base=group(cases), plus=group(plus), atol=atol)


def problem(name="f"):
    return Problem(statement="Do it.", entry_point=name)


WHOLE = [((1,), 2), ((5,), 10)]
FLOATS = [((1.0,), 0.1), ((2.0,), 0.2)]
FLOAT_FIRST = [((1,), 0.5), ((2,), 10_000_000)]
WHOLE_FIRST = [((2,), 10_000_000), ((1,), 0.5)]
LISTS = [((1,), [0.1, 0.2])]

# name, program, cases, official, strict, the slip to be named
PROBES = [
    ("honest", "def f(x):\n    return 2 * x\n", WHOLE, True, True, None),
    ("wrong", "def f(x):\n    return 2\n", WHOLE, False, False, None),
    ("prints", "def f(x):\n    print(x)\n    return 2 * x\n", WHOLE, True, True, None),
    ("prints instead", "def f(x):\n    print(2 * x)\n", WHOLE, False, False, None),
    ("raises", "def f(x):\n    raise ValueError(x)\n", WHOLE, False, False, None),
    ("leaves", "def f(x):\n    raise SystemExit(0)\n", WHOLE, False, False, None),
    ("leaves at once", "import os\ndef f(x):\n    os._exit(0)\n", WHOLE, False, False, None),
    ("no such function", "def g(x):\n    return 2 * x\n", WHOLE, False, False, None),
    ("not Python", "def f(x) return 2 * x\n", WHOLE, False, False, None),
    ("leaves when loaded", "def f(x):\n    return 2 * x\nexit()\n", WHOLE, False, False, None),
    (
        "skips",
        "import unittest\ndef f(x):\n    raise unittest.SkipTest\n",
        WHOLE,
        False,
        False,
        None,
    ),
    ("floats for wholes", "def f(x):\n    return 2.0 * x\n", WHOLE, True, True, None),
    ("True for 1", "def f(x):\n    return x == 1\n", [((1,), 1), ((2,), 0)], True, True, None),
    ("always equal", YES, WHOLE, True, False, slips.ALWAYS_EQUAL),
    ("reads what is expected", READS_EXPECTED, WHOLE, True, False, slips.LOOKS_AROUND),
    ("catches the alarm", CATCHES, WHOLE, True, False, slips.ALARM),
    (
        "cancels the alarm",
        "import signal\ndef f(x):\n    signal.alarm(0)\n    return 2 * x\n",
        WHOLE,
        True,
        True,
        slips.ALARM,
    ),
    (
        "opens a file",
        "def f(x):\n    open('note', 'w').close()\n    return 2 * x\n",
        WHOLE,
        False,
        True,
        slips.TAKEN_AWAY,
    ),
    (
        "reads its input",
        "def f(x):\n    try:\n        input()\n    except OSError:\n        return 2 * x\n",
        WHOLE,
        True,
        False,
        slips.STDIN,
    ),
    (
        "keeps what it saw",
        "seen = []\ndef f(x):\n    seen.append(x)\n    return x + seen[-1]\n",
        WHOLE,
        True,
        True,
        None,
    ),
    ("near", "def f(x):\n    return x / 10 + 5e-7\n", FLOATS, True, False, inside.NEAR),
    ("too far", "def f(x):\n    return x / 10 + 5e-6\n", FLOATS, False, False, None),
    (
        "whole for a float",
        "def f(x):\n    return 0 if x == 1 else 1\n",
        [((1,), 0.0), ((2,), 1.0)],
        True,
        True,
        None,
    ),
    (
        "whole nearly a float",
        "def f(x):\n    return 1\n",
        [((1,), 1.0000001)],
        False,
        False,
        None,
    ),
    (
        "a wrong whole number behind a float",
        "def f(x):\n    return 0.5 if x == 1 else 10_000_001\n",
        FLOAT_FIRST,
        True,
        False,
        inside.NEAR_WHOLE,
    ),
    (
        "a wrong whole number before a float",
        "def f(x):\n    return 0.5 if x == 1 else 10_000_001\n",
        WHOLE_FIRST,
        False,
        False,
        None,
    ),
    ("near list", "def f(x):\n    return [0.1, 0.2 + 5e-7]\n", LISTS, True, False, inside.NEAR),
    ("short list", "def f(x):\n    return [0.1]\n", LISTS, False, False, None),
    ("tuple for list", "def f(x):\n    return (0.1, 0.2)\n", LISTS, False, True, inside.OTHER_TYPE),
    (
        "an array for a list",
        "import numpy\ndef f(x):\n    return numpy.array([0.1, 0.2])\n",
        LISTS,
        False,
        True,
        inside.OTHER_TYPE,
    ),
    (
        "NumPy's float, exact",
        "import numpy\ndef f(x):\n    return numpy.float64(x) / 10\n",
        FLOATS,
        True,
        True,
        None,
    ),
    (
        "NumPy's float, near",
        "import numpy\ndef f(x):\n    return numpy.float64(x) / 10 + 1e-9\n",
        FLOATS,
        False,
        False,
        None,
    ),
    (
        "not a number",
        "def f(x):\n    return x - x\n",
        [((math.inf,), math.nan)],
        False,
        True,
        inside.NOT_A_NUMBER,
    ),
    (
        "fractions in a list",
        "from fractions import Fraction\ndef f(x):\n    return [Fraction(1, 10), 0.2]\n",
        LISTS,
        True,
        False,
        inside.NEAR,
    ),
    (
        "decimals in a list",
        "from decimal import Decimal\ndef f(x):\n    return [Decimal('0.1'), 0.2]\n",
        LISTS,
        False,
        False,
        None,
    ),
]


@pytest.mark.parametrize(
    ("program", "cases", "official", "strictly", "slip"),
    [probe[1:] for probe in PROBES],
    ids=[probe[0] for probe in PROBES],
)
async def test_probe(
    sandbox: Sandbox, program: str, cases, official: bool, strictly: bool, slip: str | None
) -> None:
    tests, candidate = made_of(cases), Candidate(id="a", code=program)
    verdict = await evalplus.grade(problem(), candidate, tests, sandbox, min_seconds=PATIENT)
    assert verdict.passed == official, verdict
    outcomes = await strict(problem(), candidate, tests.as_calls(), sandbox)
    assert all(outcome.passed for outcome in outcomes) == strictly, outcomes
    assert official == strictly if slip is None else slip in verdict.slips, verdict
    assert bool(verdict.message) != verdict.passed
    if verdict.passed:
        assert verdict.results == (True,) * len(cases)


ROOT = "import math\ndef find_zero(xs):\n"
# dataset, function, program, cases, atol, official, slip
ORACLES = [
    ("humaneval", "find_zero", ROOT + "    return -0.5\n", [(([1, 2],), -1.0)], 1e-6, True, 1),
    ("humaneval", "find_zero", ROOT + "    return -1.0\n", [(([1, 2],), -1.0)], 1e-6, False, 0),
    (
        "humaneval",
        "find_zero",
        ROOT + "    xs.clear()\n    return 7.0\n",
        [(([1, 2],), -0.5)],
        1e-6,
        True,
        2,
    ),
    (
        "mbpp",
        "are_equivalent",
        "def are_equivalent(a, b):\n    return 8\n",
        [((1, 2), True)],
        0,
        True,
        1,
    ),
    (
        "humaneval",
        "are_equivalent",
        "def are_equivalent(a, b):\n    return 8\n",
        [((1, 2), True)],
        0,
        False,
        0,
    ),
    ("mbpp", "sum_div", "def sum_div(n):\n    return 0\n", [((8,), 7)], 0, True, 1),
    ("mbpp", "sum_div", "def sum_div(n):\n    return 1\n", [((8,), 7)], 0, False, 0),
    (
        "mbpp",
        "surface_Area",
        "def surface_Area(b, s):\n    return 33\n",
        [((3, 4), 34)],
        0,
        False,
        0,
    ),
    # A height of 2 on a base of 3 makes a slant of 2.5.
    (
        "mbpp",
        "surface_Area",
        "def surface_Area(b, s):\n    return 24\n",
        [((3, 2), 21)],
        0,
        True,
        1,
    ),
    (
        "mbpp",
        "digit_distance_nums",
        "def digit_distance_nums(a, b):\n    return 9\n",
        [((1, 18), 3)],
        0,
        False,
        0,
    ),
    (
        "mbpp",
        "digit_distance_nums",
        "def digit_distance_nums(a, b):\n    return 8\n",
        [((1, 18), 3)],
        0,
        True,
        1,
    ),
    ("mbpp", "Diff", "def Diff(a, b):\n    return {2, 1}\n", [(([1], [2]), [1, 2, 2])], 0, True, 1),
    ("mbpp", "Diff", "def Diff(a, b):\n    return [1]\n", [(([1], [2]), [1, 2])], 0, False, 0),
    ("mbpp", "check_str", "def check_str(s):\n    return 'yes'\n", [(("a",), True)], 0, True, 0),
    ("mbpp", "check_str", "def check_str(s):\n    return None\n", [(("a",), True)], 0, False, 0),
    ("mbpp", "check_str", "def check_str(s):\n    return False\n", [(("a",), False)], 0, True, 0),
]


@pytest.mark.parametrize(
    ("dataset", "name", "program", "cases", "atol", "official", "slip"), ORACLES
)
async def test_special_oracles(
    sandbox: Sandbox, dataset, name, program, cases, atol, official, slip
) -> None:
    tests = made_of(cases, dataset=dataset, atol=atol)
    candidate = Candidate(id="a", code=program)
    verdict = await evalplus.grade(problem(name), candidate, tests, sandbox, min_seconds=PATIENT)
    assert verdict.passed == official, verdict
    assert (inside.ORACLE in verdict.slips) == (slip > 0)
    assert (inside.CHANGED in verdict.slips) == (slip == 2)


async def test_both_lists_are_run_and_each_ends_at_its_first_failure(sandbox: Sandbox) -> None:
    tests = made_of([((1,), 2), ((2,), 5), ((3,), 6)], plus=[((4,), 8), ((5,), 10)])
    candidate = Candidate(id="a", code="def f(x):\n    return 2 * x\n")
    verdict = await evalplus.grade(problem(), candidate, tests, sandbox, min_seconds=PATIENT)
    assert verdict.results == (True, False, True, True)
    assert (verdict.passed, verdict.message) == (False, "base, input 1: AssertionError")


async def test_the_tolerance_starts_anew_with_the_added_inputs(sandbox: Sandbox) -> None:
    near = Candidate(id="a", code="def f(x):\n    return 0.5 if x == 1 else 10_000_001\n")
    tests = made_of([((1,), 0.5)], plus=[((2,), 10_000_000)])
    verdict = await evalplus.grade(problem(), near, tests, sandbox, min_seconds=PATIENT)
    assert verdict.results == (True, False)


async def test_an_input_that_takes_too_long_fails(sandbox: Sandbox) -> None:
    loop = Candidate(id="a", code="def f(x):\n    while x == 5:\n        pass\n    return 2 * x\n")
    # The reference's time buys the first input a minute, and leaves the other half a second.
    part = EvalPlusInputs(inputs=((1,), (5,), (6,)), outputs=(2, 10, 12), seconds=(15.0, 0.0, 0.0))
    tests = EvalPlusTests(dataset="humaneval", base=part)
    verdict = await evalplus.grade(problem(), loop, tests, sandbox, min_seconds=0.5)
    assert (verdict.passed, verdict.results) == (False, (True, False))


async def test_loading_has_only_the_clock_of_the_whole(sandbox: Sandbox) -> None:
    loop = Candidate(id="a", code="while True:\n    pass\n")
    verdict = await evalplus.grade(problem(), loop, made_of(WHOLE), sandbox, min_seconds=0.1)
    assert (verdict.passed, verdict.results) == (False, ())
    assert verdict.message == "base: time limit of the whole program"


async def test_a_slow_reference_buys_time(sandbox: Sandbox) -> None:
    part = EvalPlusInputs(inputs=((1,),), outputs=(2,), seconds=(10.0,))
    tests = EvalPlusTests(dataset="humaneval", base=part)
    slow = "import time\ndef f(x):\n    time.sleep(0.5)\n    return 2 * x\n"
    verdict = await evalplus.grade(
        problem(), Candidate(id="a", code=slow), tests, sandbox, min_seconds=0.1
    )
    assert verdict.passed


async def test_what_a_reference_answers(sandbox: Sandbox) -> None:
    reference = (
        "def f(xs):\n    print(xs)\n    xs.append(0.5)\n    return {1: tuple(xs)}, {3}, 1j\n"
    )
    part = await evalplus.expected(reference, "f", [([],), ([7],)], sandbox)
    assert part.inputs == (([],), ([7],))
    assert part.outputs == (({1: (0.5,)}, {3}, 1j), ({1: (7, 0.5)}, {3}, 1j))
    assert len(part.seconds) == 2
    assert all(0 <= seconds < 60 for seconds in part.seconds)


async def test_of_some_functions_only_counts_whether_they_answer(sandbox: Sandbox) -> None:
    reference = "import re\ndef check_str(s):\n    return re.search('b', s)\n"
    inputs = [("a",), ("abc",)]
    part = await evalplus.expected(reference, "check_str", inputs, sandbox, dataset="mbpp")
    assert part.outputs == (False, True)
    with pytest.raises(InvalidInput, match="not a plain value for input 1"):
        await evalplus.expected(reference, "check_str", inputs, sandbox, dataset="humaneval")


async def test_a_reference_that_fails_is_the_caller_s_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="input 1: ZeroDivisionError"):
        await evalplus.expected("def f(x):\n    return 1 / x\n", "f", [(1,), (0,)], sandbox)
    with pytest.raises(InvalidInput, match="KeyError"):
        await evalplus.expected("def g(x):\n    return 1\n", "f", [(1,)], sandbox)
    with pytest.raises(InvalidInput, match="ended before"):
        await evalplus.expected("import os\nos._exit(1)\n", "f", [(1,)], sandbox)


async def test_what_is_not_evalplus_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="one output and one time"):
        EvalPlusInputs(inputs=((1,),), outputs=(), seconds=())
    with pytest.raises(InvalidInput, match=r"outputs\[0\]"):
        EvalPlusInputs(inputs=((1,),), outputs=(object(),), seconds=(0.0,))
    candidate = Candidate(id="a", code="")
    with pytest.raises(InvalidInput, match="entry_point"):
        await evalplus.grade(Problem(statement="x"), candidate, made_of(WHOLE), sandbox)
    with pytest.raises(InvalidInput, match="min_seconds"):
        await evalplus.grade(problem(), candidate, made_of(WHOLE), sandbox, min_seconds=-1)
    other = Candidate(id="a", code="", language="cpp")
    with pytest.raises(InvalidInput, match="only runs Python"):
        await evalplus.grade(problem(), other, made_of(WHOLE), sandbox)


VALUES = [0, 1, -3, 0.0, 1.0, 1.0000005, 1.1, 1e300, 2**53 + 1, 2**63, 2**64, 2**70, True, False]
VALUES += [math.inf, -math.inf, math.nan, [], [1.0], [1.0, 2.0], [1.0000005, 2], (1.0, 2.0)]
VALUES += [[[1.0], [2.0]], [[1.0, 1.0], [2.0, 2.0]], [[1.0], [2.0, 3.0]], "1", ["1"], None, [None]]
VALUES += [{1.0}, 1j, [1.0, math.nan], [math.inf], [1, 2.0, True]]


@pytest.mark.filterwarnings("ignore")  # NumPy's opinion of what it is given
@pytest.mark.parametrize("absolute", [1e-6, 0.5])
def test_closeness_is_that_of_numpy(absolute: float) -> None:
    numpy = pytest.importorskip("numpy")

    def verdict(function) -> bool:
        try:
            return bool(function())
        except Exception:
            return False  # to the evaluator, whatever is raised is a failure

    def theirs(a, b):
        return verdict(lambda: numpy.allclose(a, b, rtol=1e-7, atol=absolute))

    def ours(a, b):
        return verdict(lambda: close(a, b, relative=1e-7, absolute=absolute))

    pairs = [(a, b) for a in VALUES for b in VALUES if type(a) is type(b)]
    assert len(pairs) > 200
    assert [pair for pair in pairs if ours(*pair) != theirs(*pair)] == []
