# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from typing import Any

import pytest

from bestofn.errors import InvalidInput
from bestofn.sandbox import CallJob, CheckJob, Limits, Opaque, Sandbox, UnittestJob

pytestmark = pytest.mark.anyio


async def call(sandbox: Sandbox, source: str, *calls: tuple[Any, ...], **more: Any) -> list[Any]:
    return await sandbox.execute(CallJob(source=source, entry_point="f", calls=calls, **more))


async def test_functions_and_methods(each: Sandbox) -> None:
    plain = await call(each, "def f(a, b): return [a, (b,)]", (1, "x"), ({1: 2}, None))
    assert [r.value for r in plain] == [[1, ("x",)], [{1: 2}, (None,)]]
    source = "class Solution:\n    n = 0\n    def f(self, a):\n        self.n += a\n        return self.n\ndef f(a): return -1"
    assert [r.value for r in await call(each, source, (1,), (2,))] == [1, 2]


async def test_arguments_are_fresh_and_prints_do_not_matter(sandbox: Sandbox) -> None:
    source = "def f(xs):\n    xs.append(1)\n    print('noise' * 10**6)\n    return xs"
    assert [r.value for r in await call(sandbox, source, ([],), ([],))] == [[1], [1]]


async def test_preamble_and_guard(sandbox: Sandbox) -> None:
    source = "def f(x: List[int]): return sqrt(x[0])\nif __name__ == '__main__': input()"
    (result,) = await call(
        sandbox, source, ([9],), preamble="from typing import *\nfrom math import *"
    )
    assert result.value == 3.0


@pytest.mark.parametrize(
    ("source", "status", "error"),
    [
        ("1/0", "exception", "ZeroDivisionError"),
        ("def g(): pass", "exception", "NameError"),
        ("(", "exception", "SyntaxError"),
        ("import sys; sys.exit()", "exit", "SystemExit"),
        ("import os; os._exit(0)", "exit", ""),
        ("import ctypes; ctypes.string_at(0)", "crash", "SIGSEGV"),
        ("while True: pass", "timeout", ""),
    ],
)
async def test_what_does_not_load_fails_every_call(
    sandbox: Sandbox, source: str, status: str, error: str
) -> None:
    job = CallJob(source=source, entry_point="f", calls=((1,), (2,)))
    results = await sandbox.execute(job, limits=Limits(seconds=0.5, wall_seconds=30))
    assert [r.status for r in results] == [status] * 2
    assert all(r.error.startswith(error) for r in results)


async def test_each_call_ends_in_its_own_way(sandbox: Sandbox) -> None:
    source = (
        "import os, sys\ndef f(n):\n"
        "    if n == 1: raise KeyError('k')\n    if n == 2: sys.exit(0)\n    if n == 3: os._exit(0)\n"
        "    if n == 4: return object()\n    if n == 5: return 'x' * 10**7\n    return n"
    )
    results = await call(sandbox, source, *((n,) for n in range(7)))
    assert [r.status for r in results] == ["ok", "exception", "exit", "exit", "ok", "output", "ok"]
    assert isinstance(results[4].value, Opaque)
    assert results[6].value == 6


async def test_arguments_must_be_plain(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"calls\[1\]"):
        await call(sandbox, "def f(x): pass", (1,), (object(),))


SETUP = 'def double(n):\n    return 2 * n\n\ndef f(n):\n    """Return n doubled."""\n'


async def check(sandbox: Sandbox, source: str, *checks: str, seconds: float = 5) -> list[Any]:
    job = CheckJob(source=source, entry_point="f", setup=SETUP, checks=checks)
    return await sandbox.execute(job, limits=Limits(seconds=seconds, wall_seconds=30))


async def test_scripts_call_the_program_in_another_process(each: Sandbox) -> None:
    results = await check(
        each,
        "def f(n):\n    if n < 0: raise ValueError('negative')\n    return 2 * n",
        "assert f(2) == 4",
        "def check(candidate):\n    assert candidate(3) == double(3)",
        "assert f(2) == 5, 'five'",
        "f(-1)",
        "try:\n    f(-1)\nexcept ValueError as e:\n    assert str(e) == 'negative'\nelse:\n    assert 0",
        "assert f(n=2) == 4",
        "assert (",
        "1/0",
    )
    assert [r.status for r in results] == [
        *("ok", "ok", "exception", "exception", "ok", "ok", "exception", "exception")
    ]
    assert [r.error.partition(":")[0] for r in results] == [
        *("", "", "AssertionError", "ValueError", "", "", "SyntaxError", "ZeroDivisionError")
    ]
    assert results[2].error == "AssertionError: five"


async def test_the_program_never_holds_scripts_or_setup(each: Sandbox) -> None:
    source = (
        "import gc, sys\nseen = []\ndef f(n):\n"
        "    texts = [o for o in gc.get_objects() if isinstance(o, dict)]\n"
        "    frame = sys._getframe()\n    found = []\n"
        "    while frame:\n        found.append(repr(frame.f_locals) + repr(sorted(frame.f_globals)))\n"
        "        frame = frame.f_back\n"
        "    mark = 'secret' + 'mark'\n"
        "    return any(mark in text for text in found) or any(\n"
        "        mark in value for d in texts for value in list(d.values()) if isinstance(value, str))"
    )
    (result,) = await check(each, source, "secretmark = 'secretmark' * 3\nassert f(1) is False")
    assert result.status == "ok", result


async def test_cheating_results_gain_nothing(sandbox: Sandbox) -> None:
    source = (
        "class Yes:\n    def __eq__(self, other): return True\n    __ne__ = lambda s, o: False\n"
        "    __bool__ = lambda s: True\ndef f(n): return Yes()"
    )
    assert [r.status for r in await check(sandbox, source, "assert f(1) == 2")] == ["exception"]


async def test_a_program_that_ends_hangs_or_lies_fails_its_own_check_only(
    sandbox: Sandbox,
) -> None:
    source = (
        "import os, sys, socket\n"
        "def f(n):\n"
        "    if n == 1: os._exit(0)\n    if n == 2:\n        while True: pass\n"
        "    if n == 3: os.write(8, b'\\0\\0\\0\\x02{}')\n"
        "    if n == 4: os.write(8, b'\\xff' * 9)\n"
        "    if n == 5: os.close(8)\n"
        "    if n == 6: return 'x' * 20_000_000\n"
        "    if n == 7: raise MemoryError\n"
        "    if n == 8: sys.exit()\n"
        "    if n == 9:\n        class Mine(Exception): pass\n        raise Mine('own')\n"
        "    return n\n"
    )
    scripts = [f"try:\n    assert f({n}) == {n}\nexcept TypeError: pass" for n in range(11)]
    results = await check(sandbox, source, *scripts, seconds=0.5)
    assert [r.status for r in results] == [
        *("ok", "exit", "timeout", "crash", "crash", "exit", "output", "memory"),
        *("exit", "exception", "ok"),
    ]
    assert results[9].error == "Mine: own"


async def test_a_script_cannot_pass_by_catching_the_end_of_the_program(sandbox: Sandbox) -> None:
    script = "try:\n    f(1)\nexcept BaseException:\n    pass"
    (result,) = await check(sandbox, "import os\ndef f(n): os._exit(0)", script)
    assert result.status == "exit"


async def test_a_script_that_hangs_is_a_timeout(sandbox: Sandbox) -> None:
    results = await check(
        sandbox, "def f(n): return n", "while True: pass", "assert f(1) == 1", seconds=0.5
    )
    assert [r.status for r in results] == ["timeout", "ok"]


async def test_a_setup_that_does_not_compile_is_the_callers_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"CheckJob\.setup"):
        await sandbox.execute(CheckJob(source="", entry_point="f", setup="def", checks=("1",)))


TESTS = """
import unittest
class Base(unittest.TestCase):
    def test_one(self):
        self.assertEqual(f(1), 2)
class TestMore(Base):
    def setUp(self):
        self.n = 3
    def test_two(self):
        self.assertEqual(f(self.n), 6)
"""


@pytest.mark.parametrize(
    ("source", "status", "error"),
    [
        ("def f(n): return 2 * n", "ok", ""),
        ("def f(n): return n + 1", "exception", "TestsFailed: test_two (failed)"),
        ("def f(n): return 1 / 0", "exception", "TestsFailed: test_one (error)"),
        ("import unittest\ndef f(n): raise unittest.SkipTest", "exception", "TestsFailed"),
        (
            "import unittest\nunittest.TestCase.run = lambda *a: None",
            "exception",
            "TamperedWith: unittest.case.TestCase.run was replaced",
        ),
        ("def f(n): raise SystemExit", "exception", "TestsFailed: test_one (error)"),
        ("def f(n):\n    while True: pass", "timeout", ""),
        ("(", "exception", "SyntaxError"),
    ],
)
async def test_unittest_modules(sandbox: Sandbox, source: str, status: str, error: str) -> None:
    job = UnittestJob(source=source, tests=TESTS)
    (result,) = await sandbox.execute(job, limits=Limits(seconds=1, wall_seconds=30))
    assert result.status == status, result
    assert result.error.startswith(error)


async def test_a_module_without_tests_passes_nothing(sandbox: Sandbox) -> None:
    (result,) = await sandbox.execute(UnittestJob(source="", tests="x = 1"))
    assert result.status == "exception"
    with pytest.raises(InvalidInput, match=r"UnittestJob\.tests"):
        await sandbox.execute(UnittestJob(source="", tests="def"))
