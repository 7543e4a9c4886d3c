"""BigCodeBench's rules, probed. Its own data are not here."""

from __future__ import annotations

import pytest

from bestofn import Candidate, Problem, Sandbox, TestCase
from bestofn.errors import InvalidInput
from bestofn.grading import grade as strict
from bestofn.grading.official import bigcodebench, slips

pytestmark = pytest.mark.anyio

PATIENT = 60.0  # seconds, where the clock is not the point
CODE_PROMPT = "import math\nfrom collections import Counter\nLIMIT = 3\n\ndef task_func(words):"
PROBLEM = Problem(statement="Count.", starter_code=CODE_PROMPT, entry_point="task_func")
MODULE = """
import unittest

class TestCases(unittest.TestCase):
    def test_counts(self):
        self.assertEqual(task_func(["a", "b", "a"]), {"a": 2, "b": 1})

    def test_nothing(self):
        self.assertEqual(task_func([]), {})
"""
TEST = TestCase(kind="unittest", input=MODULE)
COUNT = "    return {word: words.count(word) for word in words}\n"
RIGHT = "def task_func(words):\n" + COUNT
WRONG = "def task_func(words):\n    return {}\n"
YES = """\
class Yes(dict):
    def __eq__(self, other):
        return True
def task_func(words):
    return Yes()
"""
AS_METHOD = """\
import unittest
def task_func(words):
    return {}
def agree(self, *arguments, **named):
    return None
"""
READS_CALLER = """\
import ast, sys
def task_func(words):
    frame = sys._getframe(1)
    counted = frame.f_code.co_name == "test_counts"
    return {"a": 2, "b": 1} if counted else {}
"""
FORGES_DETAILS = """\
import sys, unittest
def task_func(words):
    frame = sys._getframe()
    while frame is not None:
        if isinstance(frame.f_locals.get("test_result"), unittest.TestResult):
            frame.f_locals["test_result"].failures = Shut()
        frame = frame.f_back
    return None
class Shut(list):
    def append(self, failure):
        pass
"""
CATCHES = (
    """\
import signal
def task_func(words):
    try:
        signal.raise_signal(signal.SIGALRM)
    except BaseException:
    """
    + COUNT
)

EVIDENT = True  # strict grading is fooled too, where nothing is changed, and says it may be
# name, program, official, strict, the slip to be named
PROBES = [
    ("honest", RIGHT, True, True, None),
    ("wrong", WRONG, False, False, None),
    ("prints", RIGHT.replace("return", "print(words)\n    return"), True, True, None),
    ("not Python", "def task_func(words)\n", False, False, None),
    ("nothing", "", False, False, None),
    ("raises", "def task_func(words):\n    raise KeyError(words)\n", False, False, None),
    ("leaves", "def task_func(words):\n    raise SystemExit(0)\n", False, False, None),
    ("leaves at once", "import os\ndef task_func(words):\n    os._exit(0)\n", False, False, None),
    ("leaves when loaded", RIGHT + "raise SystemExit(0)\n", False, False, None),
    ("main guard", RIGHT + "if __name__ == '__main__':\n    1 / 0\n", True, True, None),
    (
        "leans on an import",
        "def task_func(words):\n    return dict(Counter(words))\n",
        True,
        False,
        bigcodebench.LEANS,
    ),
    ("leans on a constant", RIGHT + "LIMIT + 1\n", True, False, bigcodebench.LEANS),
    ("leans on the evaluator", RIGHT + "sys.path, os.sep, environ\n", True, False, slips.PROVIDED),
    (
        "imports itself what it needs",
        RIGHT + "import sys, os\nsys.path, os.sep\n",
        True,
        True,
        None,
    ),
    ("always equal", YES, True, EVIDENT, slips.ALWAYS_EQUAL),
    (
        "raises SkipTest",
        "import unittest\ndef task_func(words):\n    raise unittest.SkipTest\n",
        True,
        False,
        slips.SKIPS,
    ),
    (
        "raises SkipTest under another name",
        "import unittest as u\ndef task_func(words):\n    raise getattr(u, 'Skip' + 'Test')\n",
        True,
        False,
        bigcodebench.SKIPPED,
    ),
    (
        "patches run",
        AS_METHOD + "unittest.TestCase.run = agree\n",
        True,
        False,
        slips.PATCHES_UNITTEST,
    ),
    (
        "patches assertEqual",
        AS_METHOD + "unittest.TestCase.assertEqual = agree\n",
        True,
        False,
        slips.PATCHES_UNITTEST,
    ),
    (
        "patches the result",
        AS_METHOD + "setattr(unittest.TestResult, 'addFailure', agree)\n",
        True,
        False,
        slips.PATCHES_UNITTEST,
    ),
    (
        "patches without a word",
        AS_METHOD + "vars(__import__('unit' + 'test'))['TestCase'].failureException = OSError\n",
        False,
        False,
        slips.PATCHES_UNITTEST,
    ),
    (
        "finds no tests",
        AS_METHOD + "unittest.TestLoader.getTestCaseNames = lambda *a: ['agree']\n"
        "unittest.TestCase.agree = agree\n",
        True,
        False,
        slips.PATCHES_UNITTEST,
    ),
    (
        "another unittest",
        "import sys, types\ndef task_func(words):\n    return {}\n"
        "sys.modules['unittest'] = types.SimpleNamespace(TestCase=object)\n",
        False,
        False,
        None,
    ),
    (
        "tests of its own",
        WRONG + "import unittest\nclass TestCases(unittest.TestCase):\n    pass\n",
        False,
        False,
        None,
    ),
    ("knows which test asks", READS_CALLER, True, False, slips.LOOKS_AROUND),
    ("drops failures", FORGES_DETAILS, True, False, slips.LOOKS_AROUND),
    ("catches the alarm", CATCHES, True, False, slips.ALARM),
    (
        "cancels the alarm",
        "import signal\n" + RIGHT.replace("return", "signal.alarm(0)\n    return"),
        True,
        True,
        slips.ALARM,
    ),
    (
        "sets it anew",
        "import signal\n" + RIGHT.replace("return", "signal.alarm(99)\n    return"),
        True,
        True,
        slips.ALARM,
    ),
    (
        "wants to exit",
        RIGHT.replace("return", "callable(exit) or 1 / 0\n    return"),
        False,
        True,
        slips.TAKEN_AWAY,
    ),
    (
        "ends another process",
        "import os\n" + RIGHT.replace("return", "os.kill(1234567, 9)\n    return"),
        True,
        False,
        slips.PRETENDED,
    ),
    (
        "runs a command with kill in it",
        "import os\n"
        + RIGHT.replace("return", "os.system('no-killing') == 0 or 1 / 0\n    return"),
        True,
        False,
        slips.PRETENDED,
    ),
    (
        "becomes another program",
        "import os\n" + RIGHT.replace("return", "os.execv('/nothing', ['x'])\n    return"),
        True,
        False,
        slips.PRETENDED,
    ),
    (
        "runs a shell with kill in it",
        "import subprocess\n"
        + RIGHT.replace(
            "return", "subprocess.run('kill x', shell=True).returncode == 0 or 1 / 0\n    return"
        ),
        True,
        False,
        slips.PRETENDED,
    ),
    (
        "asks who runs",
        "import subprocess\n"
        + RIGHT.replace("return", "subprocess.check_output(['ps']) == b'' or 1 / 0\n    return"),
        True,
        False,
        slips.PRETENDED,
    ),
    (
        "takes Popen for a class",
        "import subprocess\n" + RIGHT.replace("return", "subprocess.Popen.wait\n    return"),
        False,
        True,
        slips.PRETENDED,
    ),
]


@pytest.mark.parametrize(
    ("program", "official", "strictly", "slip"),
    [probe[1:] for probe in PROBES],
    ids=[probe[0] for probe in PROBES],
)
async def test_probe(
    sandbox: Sandbox, program: str, official: bool, strictly: bool, slip: str | None
) -> None:
    candidate = Candidate(id="a", code=program)
    verdict = await bigcodebench.grade(PROBLEM, candidate, [TEST], sandbox, seconds=PATIENT)
    assert verdict.passed == official, verdict
    (outcome,) = await strict(PROBLEM, candidate, [TEST], sandbox)
    assert (outcome.passed, outcome.tamper_evident) == (strictly, True), outcome
    assert official == strictly if slip is None else slip in verdict.slips, verdict
    assert bool(verdict.message) != verdict.passed


HEAD = "import unittest\nclass TestCases(unittest.TestCase):\n"
# name, tests, official, strict, slip: the program is right
MODULES = [
    ("no tests", HEAD + "    pass\n", True, False, bigcodebench.NO_TESTS),
    (
        "a test is skipped",
        HEAD + "    @unittest.skip('')\n    def test_a(self): pass\n",
        True,
        False,
        bigcodebench.SKIPPED,
    ),
    (
        "a failure as told",
        HEAD + "    @unittest.expectedFailure\n    def test_a(self): 1 / 0\n",
        True,
        False,
        bigcodebench.EXPECTED,
    ),
    (
        "a success unlike told",
        HEAD + "    @unittest.expectedFailure\n    def test_a(self): pass\n",
        True,
        False,
        bigcodebench.UNEXPECTED,
    ),
    (
        "subtests",
        HEAD + "    def test_a(self):\n        with self.subTest(1):\n            self.fail()\n",
        False,
        False,
        None,
    ),
    (
        "set up for the class",
        HEAD + "    @classmethod\n    def setUpClass(cls): 1 / 0\n    def test_a(self): pass\n",
        False,
        False,
        None,
    ),
    (
        "another name",
        HEAD.replace("TestCases", "Others") + "    def test_a(self): pass\n",
        False,
        True,
        None,
    ),
    (
        "a second class",
        HEAD
        + "    def test_a(self): pass\n"
        + "class Others(unittest.TestCase):\n    def test_b(self): self.fail()\n",
        True,
        False,
        None,
    ),
    (
        "main",
        HEAD + "    def test_a(self): pass\nif __name__ == '__main__':\n    unittest.main()\n",
        True,
        True,
        None,
    ),
    (
        "the evaluator's names",
        HEAD + "    def test_a(self): self.assertTrue(os.sep and sys.path)\n",
        True,
        False,
        None,
    ),
]


@pytest.mark.parametrize(
    ("module", "official", "strictly", "slip"),
    [probe[1:] for probe in MODULES],
    ids=[probe[0] for probe in MODULES],
)
async def test_module(
    sandbox: Sandbox, module: str, official: bool, strictly: bool, slip: str | None
) -> None:
    candidate, test = Candidate(id="a", code=RIGHT), TestCase(kind="unittest", input=module)
    verdict = await bigcodebench.grade(PROBLEM, candidate, [test], sandbox, seconds=PATIENT)
    assert verdict.passed == official, verdict
    (outcome,) = await strict(PROBLEM, candidate, [test], sandbox)
    assert outcome.passed == strictly, outcome
    assert slip is None or slip in verdict.slips, verdict


async def test_a_test_that_the_alarm_ends_fails_and_the_next_one_runs(sandbox: Sandbox) -> None:
    module = HEAD + (
        "    def test_a(self):\n        import signal\n"
        "        signal.raise_signal(signal.SIGALRM)\n    def test_b(self): self.fail('b')\n"
    )
    candidate, test = Candidate(id="a", code=RIGHT), TestCase(kind="unittest", input=module)
    verdict = await bigcodebench.grade(PROBLEM, candidate, [test], sandbox, seconds=PATIENT)
    assert not verdict.passed
    assert "test_a: inside.official.surroundings.TimeIsOver" in verdict.message
    assert "test_b: AssertionError: b" in verdict.message


async def test_the_alarm_rings(sandbox: Sandbox) -> None:
    loop = Candidate(id="a", code="def task_func(words):\n    while True:\n        pass\n")
    verdict = await bigcodebench.grade(PROBLEM, loop, [TEST], sandbox, seconds=0.1)
    assert not verdict.passed


async def test_loading_has_only_the_clock_of_the_whole(sandbox: Sandbox) -> None:
    loop = Candidate(id="a", code="while True:\n    pass\n")
    verdict = await bigcodebench.grade(PROBLEM, loop, [TEST], sandbox, seconds=0.1)
    assert (verdict.passed, verdict.message) == (False, "time limit of the whole program")


async def test_without_calibration_the_solution_stands_alone(sandbox: Sandbox) -> None:
    leaning = Candidate(id="a", code="def task_func(words):\n    return dict(Counter(words))\n")
    verdict = await bigcodebench.grade(
        PROBLEM, leaning, [TEST], sandbox, seconds=PATIENT, calibrated=False
    )
    assert not verdict.passed
    assert "NameError" in verdict.message


async def test_what_is_not_bigcodebench_is_refused(sandbox: Sandbox) -> None:
    candidate = Candidate(id="a", code=RIGHT)
    for tests in ([], [TEST, TEST], [TestCase(kind="stdin", input="", expected="")]):
        with pytest.raises(InvalidInput, match="one module"):
            await bigcodebench.grade(PROBLEM, candidate, tests, sandbox)
    with pytest.raises(InvalidInput, match="seconds"):
        await bigcodebench.grade(PROBLEM, candidate, [TEST], sandbox, seconds=float("nan"))
    other = Candidate(id="a", code="", language="cpp")
    with pytest.raises(InvalidInput, match="only runs Python"):
        await bigcodebench.grade(PROBLEM, other, [TEST], sandbox)
