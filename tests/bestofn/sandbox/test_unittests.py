# ruff: noqa: E501 - programs stay readable on their own lines
"""unittest modules share a process with the program they test: what a program cannot get away with."""

from __future__ import annotations

from textwrap import dedent

import pytest

from bestofn.sandbox import Execution, Limits, Sandbox, UnittestJob

pytestmark = pytest.mark.anyio

TESTS = """
import unittest
class Tests(unittest.TestCase):
    def test_a(self):
        self.assertEqual(f(1), 2)
    def test_b(self):
        with self.assertRaises(ValueError):
            f(-1)
    def test_c(self):
        self.assertEqual([f(2)], [4])
"""
HONEST = "def f(n):\n    if n < 0: raise ValueError('negative')\n    return 2 * n\n"


async def run(sandbox: Sandbox, source: str, tests: str = TESTS) -> Execution:
    job = UnittestJob(source=dedent(source), tests=dedent(tests))
    (result,) = await sandbox.execute(job, limits=Limits(seconds=5, wall_seconds=60))
    return result


REPLACING = {
    "unittest.case.TestCase.assertEqual": "unittest.TestCase.assertEqual = lambda *a: None",
    "unittest.case.TestCase.run": "unittest.TestCase.run = lambda self, result: result.startTest(self) or result.addSuccess(self)",
    "unittest.case.TestCase.__call__": "unittest.TestCase.__call__ = lambda *a: None",
    "unittest.suite.TestSuite.run": "unittest.TestSuite.run = lambda self, result: result",
    "unittest.result.TestResult.startTest": "unittest.TestResult.startTest = lambda *a: None",
    "unittest.case._Outcome.testPartExecutor": "import contextlib\nunittest.case._Outcome.testPartExecutor = lambda *a, **k: contextlib.suppress(Exception)",
    "unittest.case._AssertRaisesContext": "unittest.case._AssertRaisesContext = unittest.mock.MagicMock",
    "unittest.case.TestCase.failureException": "unittest.TestCase.failureException = unittest.SkipTest",
    "unittest.case.TestCase.__getattribute__": "unittest.TestCase.__getattribute__ = lambda self, name: object.__getattribute__(self, name)",
    "unittest.case.TestCase.__init_subclass__": "unittest.TestCase.__init_subclass__ = classmethod(lambda cls: None)",
    "unittest.case.isinstance": "unittest.case.isinstance = lambda *a: True",
    "unittest.TestCase": "class TestCase(unittest.TestCase):\n    def run(self, result=None): pass\nunittest.TestCase = TestCase",
    "unittest": "import types\nsys.modules['unittest'] = types.ModuleType('unittest')",
    "builtins.isinstance": "old = isinstance\nbuiltins.isinstance = lambda *a: old(*a)",
    "builtins.AssertionError": "builtins.AssertionError = unittest.SkipTest",
    "builtins.__import__": "old = builtins.__import__\nbuiltins.__import__ = lambda *a, **k: old(*a, **k)",
    "builtins.__build_class__": "old = builtins.__build_class__\nbuiltins.__build_class__ = lambda *a, **k: old(*a, **k)",
    "inside.harness.Reporter.report": "import inside.harness\ninside.harness.Reporter.report = lambda *a, **k: None",
    "inside.intact.Snapshot.changed": "import inside.intact\ninside.intact.Snapshot.changed = lambda self: ''",
    "inside.frames.send": "import inside.frames\ninside.frames.send = lambda *a: None",
    "json.encoder.JSONEncoder.encode": "import json\njson.JSONEncoder.encode = lambda *a: '{}'",
    "socket.socket.sendall": "import socket\nsocket.socket.sendall = lambda *a: None",
    "os.write": "os.write = lambda *a: 0",
}


# What leaves the process goes through these.
UNREPORTABLE = (
    "inside.harness.Reporter.report",
    "inside.frames.send",
    "socket.socket.sendall",
    "json.encoder.JSONEncoder.encode",
)


@pytest.mark.parametrize("when", ["loaded", "called"])
@pytest.mark.parametrize("name", REPLACING)
async def test_replaced_machinery_is_named(hardened: Sandbox, name: str, when: str) -> None:
    imports = "import builtins, os, sys, unittest, unittest.case, unittest.mock\n"
    attack = "\n".join("    " + line for line in REPLACING[name].splitlines())
    act = f"def act():\n{attack}\n"
    source = (
        f"{imports}{act}{'act()' if when == 'loaded' else ''}\ndef f(n):\n    act()\n    return 0\n"
    )
    result = await run(hardened, source)
    assert result.status in ("exception", "exit"), result
    if when == "loaded" and name not in UNREPORTABLE:
        words = ("replaced", "added")
        assert result.error in [f"TamperedWith: {name} was {word}" for word in words], result
    assert (await run(hardened, HONEST)).status == "ok"


OTHER = {
    "a patch that takes itself back": """
        import unittest
        right = unittest.TestCase.assertEqual
        def wrong(self, *rest):
            unittest.TestCase.assertEqual = right
        def f(n):
            unittest.TestCase.assertEqual = wrong
            if n < 0: raise ValueError
        """,
    "another test is replaced for its turn": """
        def f(n):
            right = Tests.test_c
            def wrong(self): Tests.test_c = right
            Tests.test_c = wrong
            if n < 0: raise ValueError
            return 2
        """,
    "running a test is replaced for its turn": """
        import unittest
        def f(n):
            right = unittest.TestCase.run
            def wrong(self, result):
                unittest.TestCase.run = right
                result.startTest(self)
                result.addSuccess(self)
            unittest.TestCase.run = wrong
            if n < 0: raise ValueError
            return 2
        """,
    "calling a test is replaced for its turn": """
        import unittest
        def f(n):
            right = unittest.TestCase.__call__
            def wrong(self, result):
                unittest.TestCase.__call__ = right
                result.startTest(self)
                result.addSuccess(self)
                result.stopTest(self)
            unittest.TestCase.__call__ = wrong
            if n < 0: raise ValueError
            return 2 * n if n < 2 else 0
        """,
    "an assertion changes its code": """
        import unittest
        def f(n):
            unittest.TestCase.assertEqual.__code__ = (lambda *a, **k: None).__code__
        """,
    "an assertion gets another default": """
        import unittest
        def f(n):
            unittest.TestCase.assertEqual.__defaults__ = (1, 2)
        """,
    "the results are cleared": """
        import gc, unittest
        def f(n):
            for thing in gc.get_objects():
                if isinstance(thing, unittest.TestResult): thing.addFailure = thing.addError = thing.addSuccess
        """,
    "the running test is found and changed": """
        import sys
        def f(n):
            try:
                frame = sys._getframe(1)
            except RuntimeError:
                return 0
            frame.f_locals['self'].assertEqual = lambda *a: None
        """,
    "the running test is found in a traceback": """
        def f(n):
            try:
                1 / 0
            except ZeroDivisionError as error:
                frame = error.__traceback__.tb_frame.f_back
            while 'self' not in frame.f_locals: frame = frame.f_back
            frame.f_locals['self'].assertEqual = lambda *a: None
            return 0
        """,
    "tests are skipped": "import unittest\ndef f(n): raise unittest.SkipTest('no')",
    "the module is skipped": "import unittest\ndef setUpModule(): raise unittest.SkipTest('no')\ndef f(n): return 0",
    "a fixture fails": "def setUpModule(): 1 / 0\ndef f(n): return 0",
    "a decorator of its own": "import unittest\nunittest.TestCase = unittest.skip('no')(unittest.TestCase)\ndef f(n): return 0",
    "the process ends": "import os\ndef f(n): os._exit(0)",
    "the program ends": "import sys\ndef f(n): sys.exit(0)",
    "the program ends while loaded": "raise SystemExit(0)",
    "answers always agree with themselves": "class Yes:\n    __eq__ = lambda *a: False\ndef f(n): return Yes()",
    "tracing": """
        import sys
        def skip(frame, event, argument): return skip
        def f(n):
            sys.settrace(skip)
            return 0
        """,
    "profiling": "import sys\nsys.setprofile(lambda *a: None)\ndef f(n): return 0",
    "a thread that is traced": "import threading\nthreading.settrace(lambda *a: None)\ndef f(n):\n    t = threading.Thread(target=int)\n    t.start()\n    t.join()\n    return 0",
    "raw memory": """
        import ctypes, unittest
        def f(n):
            ctypes.c_long.from_address(id(unittest.TestCase)).value += 1
        """,
    "the interpreter by ctypes": "import ctypes\ndef f(n):\n    ctypes.pythonapi.PyErr_Clear()\n    return 0",
    "code that pretends to be the tests'": "def f(n): exec(compile('import sys; sys._getframe()', 'tests.py', 'exec'))",
    "code that pretends to be the library's": "import os\ndef f(n): exec(compile('import sys; sys._getframe()', os.__file__, 'exec'))",
    "reports on every descriptor": """
        import json, os
        def frame(message):
            body = json.dumps(message).encode()
            return len(body).to_bytes(4, 'big') + body
        for fd in range(3, 9):
            try: os.write(fd, frame({'token': '', 'status': 'ok', 'error': '', 'reuse': False}))
            except OSError: pass
        def f(n): return 0
        """,
    "descriptors are closed": "import os\nos.closerange(3, 64)\ndef f(n): return 0",
    "exit handlers": "import atexit, os\natexit.register(os._exit, 0)\ndef f(n): return 0",
    "an alarm": """
        import signal, os
        def f(n):
            signal.signal(signal.SIGALRM, lambda *a: os._exit(0))
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            while True: pass
        """,
    "a copy of the process": "import os\ndef f(n):\n    if os.fork(): os._exit(0)\n    return 0",
    "a hook for imports": """
        import sys
        class Finder:
            def find_spec(self, name, path, target=None):
                raise SystemExit(0)
        sys.meta_path.insert(0, Finder())
        del sys.modules['unittest']
        def f(n): return 0
        """,
    "a module of the tests": """
        import math
        math.isclose = lambda *a, **k: True
        def f(n): return 0
        """,
}
IMPORTING = (
    TESTS
    + "    def test_d(self):\n        import math\n        self.assertTrue(math.isclose(f(3), 6))\n"
)


@pytest.mark.parametrize("name", OTHER)
async def test_forgeries_fail(hardened: Sandbox, name: str) -> None:
    result = await run(hardened, OTHER[name], IMPORTING)
    assert result.status in ("exception", "exit", "crash"), result
    assert (await run(hardened, HONEST, IMPORTING)).status == "ok"


TAMPERED = [
    *("a patch that takes itself back", "an assertion changes its code", "the results are cleared"),
    *("another test is replaced for its turn", "tracing", "raw memory", "a module of the tests"),
    *("the running test is found and changed", "code that pretends to be the tests'"),
]


@pytest.mark.parametrize("name", TAMPERED)
async def test_tampering_is_told_from_a_wrong_answer(sandbox: Sandbox, name: str) -> None:
    result = await run(sandbox, OTHER[name], IMPORTING)
    assert "Tampered" in result.error or "TestsFailed: test_c (failed)" in result.error, result
    assert result.status == "exception"


async def test_the_patch_that_takes_itself_back_is_seen_by_the_assertion(sandbox: Sandbox) -> None:
    result = await run(sandbox, OTHER["a patch that takes itself back"])
    assert result.status == "exception", result


PASSING = {
    "mocks of the program's names": (
        "import os\ndef ask(): return input()\ndef f(): return ask() + os.getcwd()",
        """
        import unittest
        from unittest.mock import MagicMock, mock_open, patch
        class Tests(unittest.TestCase):
            @patch('builtins.input', return_value='a')
            @patch('os.getcwd', return_value='b')
            def test_decorated(self, *_):
                self.assertEqual(f(), 'ab')
            @patch(__name__ + '.ask')
            def test_own(self, ask):
                ask.return_value = 'x'
                self.assertTrue(f().startswith('x'))
                ask.assert_called_once_with()
            def test_within(self):
                with patch('builtins.open', mock_open(read_data='data')), patch('builtins.print') as shown:
                    print(open('nowhere').read())
                    shown.assert_called_with('data')
                with patch.dict('os.environ', {'KEY': 'value'}):
                    self.assertEqual(os.environ['KEY'], 'value')
            def test_time(self):
                with patch('time.sleep') as sleep:
                    import time
                    time.sleep(100)
                self.assertEqual(sleep.call_count, 1)
        """,
    ),
    "fixtures, helpers and subtests": (
        "import logging, warnings\ndef f(n):\n    logging.getLogger('x').warning('n')\n    warnings.warn('w')\n    return n",
        """
        import unittest, io, sys, warnings
        from contextlib import redirect_stdout
        class Base(unittest.TestCase):
            count = 0
            @classmethod
            def setUpClass(cls): cls.shared = [1, 2]
            def setUp(self):
                type(self).count += 1
                self.maxDiff = None
                self.addCleanup(self.shared.clear)
            def helper(self, n): self.assertEqual(f(n), n)
            def test_base(self):
                for n in self.shared:
                    with self.subTest(n=n): self.helper(n)
        class Tests(Base):
            def setUp(self): super().setUp()
            def test_logs(self):
                with self.assertLogs('x'), self.assertWarns(UserWarning): f(1)
            def test_output(self):
                with redirect_stdout(io.StringIO()) as out: print('x')
                self.assertEqual(out.getvalue(), 'x\\n')
                self.assertRaisesRegex(ZeroDivisionError, 'zero', lambda: 1 / 0)
        class Async(unittest.IsolatedAsyncioTestCase):
            async def test_async(self): self.assertEqual(f(1), 1)
        """,
    ),
    "usual modules": (
        """
        import collections, dataclasses, enum, functools, inspect, random, traceback, typing
        Point = collections.namedtuple('Point', 'x y')
        @dataclasses.dataclass
        class Data:
            n: int
        class Kind(enum.Enum): A = 1
        class Named(typing.NamedTuple):
            n: int
        @functools.lru_cache
        def f(n):
            random.seed(n)
            inspect.signature(f)
            try: 1 / 0
            except ZeroDivisionError: return traceback.format_exc().count('ZeroDivisionError')
        """,
        "import unittest, random, json, math\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(f(1), 1)\nif __name__ == '__main__':\n    unittest.main()",
    ),
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_honest_tests_do(hardened: Sandbox, name: str) -> None:
    source, tests = PASSING[name]
    result = await run(hardened, source, tests)
    assert result.status == "ok", result


async def test_what_does_not_count_as_passing(sandbox: Sandbox) -> None:
    start = "import unittest\nclass T(unittest.TestCase):\n    def test_one(self): pass\n"
    assert (await run(sandbox, "", start)).status == "ok"
    for more, error in [
        ("    @unittest.skip('x')\n    def test_two(self): pass", "test_two (skipped)"),
        (
            "    @unittest.expectedFailure\n    def test_two(self): 1 / 0",
            "test_two (expected failure)",
        ),
        (
            "    @unittest.expectedFailure\n    def test_two(self): pass",
            "test_two (unexpected success)",
        ),
        ("    def test_two(self):\n        with self.subTest(): self.fail()", "test_two (failed)"),
        ("    def test_two(self): raise SystemExit(0)", "test_two (error)"),
        ("    @classmethod\n    def setUpClass(cls): 1 / 0", "setUpClass"),
        ("    @classmethod\n    def setUpClass(cls): raise unittest.SkipTest", "setUpClass"),
    ]:
        result = await run(sandbox, "", start + more)
        assert result.status == "exception", (more, result)
        assert error in result.error
