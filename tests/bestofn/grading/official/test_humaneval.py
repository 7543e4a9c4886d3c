"""HumanEval's rules, probed, and against recorded verdicts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bestofn import Candidate, Problem, Sandbox, TestCase
from bestofn.benchmarks import humaneval as files
from bestofn.errors import InvalidInput
from bestofn.grading import grade as strict
from bestofn.grading.official import humaneval, slips

pytestmark = pytest.mark.anyio

PROMPT = '''\
import math


def helper(x):
    return x + 1


def square(n):
    """Return n times n."""
'''
SCRIPT = """
def check(candidate):
    assert candidate(3) == 9
    assert abs(candidate(0.5) - 0.25) < 1e-6
    assert candidate(4) == helper(15)
"""
PROBLEM = Problem(statement="Square.", starter_code=PROMPT, entry_point="square")
TEST = TestCase(kind="assertion", input=SCRIPT)
PATIENT = 60.0  # seconds, where the clock is not the point

AGREEABLE = """\
    class Yes:
        def __eq__(self, other):
            return True
        def __sub__(self, other):
            return self
        __abs__ = __sub__ = lambda self, *other: self
        def __lt__(self, other):
            return True
    return Yes()
"""
TAKES_RESULT = """\
    import sys
    frame = sys._getframe()
    while frame is not None:
        found = frame.f_locals.get("result")
        if isinstance(found, list):
            found.append("passed")
        frame = frame.f_back
    return None
"""
READS_CONSTANTS = """\
    import sys
    known = [c for c in sys._getframe(1).f_code.co_consts if isinstance(c, (int, float))]
    return 16 if n == 4 else known[known.index(n) + 1]
"""
FINDS_TEXT = """\
    import sys
    frame = sys._getframe()
    while "problem" not in frame.f_locals:
        frame = frame.f_back
    script = frame.f_locals["problem"]["test"]
    return {3: 9, 0.5: 0.25, 4: 16}[n] if "candidate(3) == 9" in script else None
"""
DOWN = "    def down(k):\n        return 0 if k == 0 else down(k - 1)\n"

# name, completion, official, strict, the slip to be named
PROBES = [
    ("honest", "    return n * n\n", True, True, None),
    ("wrong", "    return n + n\n", False, False, None),
    ("wrong at the last assertion", "    return n * n if n != 4 else 15\n", False, False, None),
    ("prints too", "    print('n is', n)\n    return n * n\n", True, True, None),
    ("prints instead", "    print(n * n)\n", False, False, None),
    ("prints much", "    print('x' * 9_000_000)\n    return n * n\n", True, True, None),
    (
        "closes its output",
        "    import sys\n    sys.stdout = None\n    return n * n\n",
        True,
        True,
        None,
    ),
    ("whole function", "def square(n):\n    return n * n\n", True, True, None),
    ("needs the prompt", "    return math.prod([n, n])\n", True, True, None),
    ("unfinished", "    return (n * n\n", False, False, None),
    ("opens a string", "    return n * n\n'''\n", False, False, None),
    ("wrong name", "    return 0\n\ndef squared(n):\n    return n * n\n", False, False, None),
    ("asserts for itself", "    return n * n\n\nassert square(2) == 5\n", False, False, None),
    ("main guard", "    return n * n\n\nif __name__ == '__main__':\n    1 / 0\n", True, True, None),
    ("own check", "    return 0\n\ndef check(f):\n    pass\n", False, False, None),
    ("leaves with 0", "    raise SystemExit(0)\n", False, False, None),
    ("leaves at once", "    import os\n    os._exit(0)\n", False, False, None),
    ("leaves after the function", "    return n * n\n\nraise SystemExit\n", False, False, None),
    (
        "raises SkipTest",
        "    import unittest\n    raise unittest.SkipTest\n",
        False,
        False,
        None,
    ),
    (
        "another AssertionError",
        "    return 0\n\nimport builtins\nbuiltins.AssertionError = ValueError\n",
        False,
        False,
        None,
    ),
    (
        "deep, but not too deep",
        DOWN + "    return n * n + down(900)\n",
        True,
        True,
        None,
    ),
    (
        "too deep",
        DOWN + "    return n * n + down(2000)\n",
        False,
        False,
        None,
    ),
    (
        "raises the recursion limit",
        DOWN + "    import sys\n    sys.setrecursionlimit(9000)\n    return n * n + down(2000)\n",
        True,
        True,
        None,
    ),
    ("agrees with everything", AGREEABLE, True, False, slips.ALWAYS_EQUAL),
    (
        "its own abs",
        "    return n * n if n > 1 else 7\n\ndef abs(x):\n    return 0\n",
        True,
        False,
        slips.SHADOWS,
    ),
    (
        "everybody's abs",
        "    return n * n if n > 1 else 7\n\nimport builtins\nbuiltins.abs = lambda x: 0\n",
        True,
        False,
        slips.SHADOWS,
    ),
    (
        "the prompt's helper",
        "    return n * n if n < 4 else 1\n\ndef helper(x):\n    return 1\n",
        True,
        False,
        slips.SHADOWS,
    ),
    ("takes the result list", TAKES_RESULT, True, False, slips.LOOKS_AROUND),
    ("reads what is expected", READS_CONSTANTS, True, False, slips.LOOKS_AROUND),
    ("finds the tests", FINDS_TEXT, True, False, slips.LOOKS_AROUND),
    (
        "cancels the alarm",
        "    import signal\n    signal.alarm(0)\n    return n * n\n",
        True,
        True,
        slips.ALARM,
    ),
    (
        "catches the alarm",
        "    import signal\n    try:\n        signal.raise_signal(signal.SIGALRM)\n"
        "    except Exception:\n        return n * n\n",
        True,
        False,
        slips.ALARM,
    ),
    (
        "asks for the folder",
        "    import os\n    return n * n * bool(os.getcwd())\n",
        False,
        True,
        slips.TAKEN_AWAY,
    ),
    (
        "starts a program",
        "    import subprocess\n    return n * n if subprocess.Popen else 0\n",
        False,
        True,
        slips.TAKEN_AWAY,
    ),
    (
        "removes a tree",
        "    from shutil import rmtree\n    return n * n if rmtree else 0\n",
        False,
        True,
        slips.TAKEN_AWAY,
    ),
    ("imports resource", "    import resource\n    return n * n\n", False, True, slips.TAKEN_AWAY),
    ("may exit", "    return n * n if callable(exit) else 0\n", False, True, slips.TAKEN_AWAY),
    (
        "writes a file",
        "    with open('note', 'w') as note:\n        note.write(str(n))\n    return n * n\n",
        True,
        True,
        None,
    ),
    (
        "reads its input",
        "    try:\n        input()\n    except OSError:\n        return n * n\n",
        True,
        False,
        slips.STDIN,
    ),
    (
        "comes from the future",
        "from __future__ import annotations\n\ndef square(n: Unknown):\n    return n * n\n",
        False,
        True,
        slips.FUTURE,
    ),
    ("hints at nothing", "def square(n: Unknown):\n    return n * n\n", False, False, None),
]


def candidate(completion: str) -> Candidate:
    whole = not completion.startswith(" ")
    return Candidate(id="a", code=completion if whole else PROMPT + completion)


@pytest.mark.parametrize(
    ("completion", "official", "strictly", "slip"),
    [probe[1:] for probe in PROBES],
    ids=[probe[0] for probe in PROBES],
)
async def test_probe(
    sandbox: Sandbox, completion: str, official: bool, strictly: bool, slip: str | None
) -> None:
    program = candidate(completion)
    verdict = await humaneval.grade(PROBLEM, program, [TEST], sandbox, seconds=PATIENT)
    assert verdict.passed == official, verdict
    (outcome,) = await strict(PROBLEM, program, [TEST], sandbox)
    assert outcome.passed == strictly, outcome
    assert official == strictly if slip is None else slip in verdict.slips, verdict
    assert bool(verdict.message) != verdict.passed
    assert (verdict.results, verdict.code) == ((), None)


async def test_the_alarm_rings(sandbox: Sandbox) -> None:
    loop = candidate("    while True:\n        pass\n")
    verdict = await humaneval.grade(PROBLEM, loop, [TEST], sandbox, seconds=0.5)
    assert not verdict.passed
    assert verdict.message.startswith("time limit")
    (outcome,) = await strict(PROBLEM, loop, [TEST], sandbox)
    assert outcome.status == "timeout"


async def test_who_catches_the_alarm_and_goes_on_is_ended(sandbox: Sandbox) -> None:
    body = "    while True:\n        try:\n            while True:\n                pass\n"
    stubborn = candidate(body + "        except BaseException:\n            pass\n")
    verdict = await humaneval.grade(PROBLEM, stubborn, [TEST], sandbox, seconds=0.5)
    assert (verdict.passed, verdict.message) == (False, "time limit of the whole program")


async def test_the_alarm_ends_a_program_in_its_midst(sandbox: Sandbox) -> None:
    rings = candidate(
        "    import signal\n    signal.raise_signal(signal.SIGALRM)\n    return n * n\n"
    )
    verdict = await humaneval.grade(PROBLEM, rings, [TEST], sandbox, seconds=PATIENT)
    assert (verdict.passed, verdict.message) == (False, "time limit of 60 s")


async def test_a_common_word_is_no_slip(sandbox: Sandbox) -> None:
    code = """\
def square(n):
    stack = [n, "a".replace("a", "b")]
    stack.remove("b")
    abs = help = lambda value: value
    return abs(stack.pop()) * help(n)
"""
    verdict = await humaneval.grade(PROBLEM, candidate(code), [TEST], sandbox, seconds=PATIENT)
    assert (verdict.passed, verdict.slips) == (True, ())


async def test_programs_do_not_meet(sandbox: Sandbox) -> None:
    spoilt = candidate("    return 0\n\nimport builtins, json\nbuiltins.abs = json.dumps = None\n")
    honest = candidate("    return n * n\n")
    for _ in range(3):
        verdict = await humaneval.grade(PROBLEM, spoilt, [TEST], sandbox, seconds=PATIENT)
        assert not verdict.passed
        verdict = await humaneval.grade(PROBLEM, honest, [TEST], sandbox, seconds=PATIENT)
        assert verdict.passed


async def test_what_is_not_humaneval_is_refused(sandbox: Sandbox) -> None:
    program = candidate("    return n * n\n")
    with pytest.raises(InvalidInput, match="entry_point"):
        await humaneval.grade(Problem(statement="x"), program, [TEST], sandbox)
    for tests in ([], [TEST, TEST], [TestCase(kind="stdin", input="", expected="")]):
        with pytest.raises(InvalidInput, match="one script"):
            await humaneval.grade(PROBLEM, program, tests, sandbox)
    with pytest.raises(InvalidInput, match="seconds"):
        await humaneval.grade(PROBLEM, program, [TEST], sandbox, seconds=0)
    other = Candidate(id="a", code="", language="cpp")
    with pytest.raises(InvalidInput, match="only runs Python"):
        await humaneval.grade(PROBLEM, other, [TEST], sandbox)


# Recorded by an evaluator that was not HumanEval's own: it had ``typing`` in reach, another third
# test for problem 95 (here a key is a number), and another order of sets (149).
RECORDED_ELSEWHERE = {
    "HumanEval/73": {10},
    "HumanEval/94": {15},
    "HumanEval/95": {0, 1, 4, 5, 8, 16, 17, 18},
    "HumanEval/149": {17},
}
ENDLESS = {("HumanEval/36", 10), ("HumanEval/116", 17), ("HumanEval/154", 12)}


async def test_recorded_verdicts_of_real_samples(sandbox: Sandbox, shared_data: Path) -> None:
    folder = shared_data / "humaneval"
    found = files.load(folder / "problems.jsonl", [folder / "davinci_20_samples.jsonl"])
    known = {(name, n) for name, numbers in RECORDED_ELSEWHERE.items() for n in numbers}
    picked = [
        (item, program, key)
        for row, item in enumerate(found.items)
        for n, program in enumerate(item.candidates)
        if (key := (item.problem.id, n)) in known | ENDLESS or (row + n) % 3 == 0
    ]
    assert len(picked) > 500
    differ = set()

    async def one(item, program, key):
        seconds = 1 if key in ENDLESS else PATIENT
        verdict = await humaneval.grade(
            item.problem, program, item.hidden_tests, sandbox, seconds=seconds
        )
        if verdict.passed != item.verdicts[program.id]:
            differ.add(key)

    await asyncio.gather(*(one(*case) for case in picked))
    assert differ == known
