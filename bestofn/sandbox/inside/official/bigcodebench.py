"""The rules of BigCodeBench's evaluator (bigcode-project/bigcodebench, ``eval``).

Program and tests are one text, executed as the module ``__test__`` in which ``sys``, ``os`` and
``environ`` are there already; then the tests of its class ``TestCases`` run under one alarm. Only
failures and errors count: skipped tests, expected failures, unexpected successes and an empty
class are no failures.
"""

from __future__ import annotations

import builtins
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from .. import harness
from .processes import WatchedProcesses
from .surroundings import Alarm, unreadable_streams

_FRAMES_UPSTREAM = 30  # command line, pool of processes, a new process, the evaluator
_MODULE = "__test__"
_PASS, _FAIL = "pass", "fail"


def grade(source: str, task: dict[str, Any]) -> dict[str, Any]:
    """Run a program's tests.

    Args:
        source: The prompt's code, a ``pass``, and the solution.
        task: ``test`` (the unittest module) and ``seconds`` for the alarm.

    Returns:
        ``status`` (``pass``, ``fail``), ``failed`` (names of tests), ``message``, and what
        unittest says: ``ran``, ``skipped``, ``unexpected`` (successes), ``expected`` (failures);
        ``patched``: whether unittest is not what it was.
    """
    # Before the program can put something else in its place; and not in the worker, where it
    # would make every fork dearer.
    import unittest

    before = _contents(unittest)
    stat = SimpleNamespace(value=_FAIL)
    details: dict[str, Any] = {}
    alarm = Alarm()
    test_result = unittest.TestResult()
    _quiet_surroundings()
    sys.setrecursionlimit(harness.frame_depth() + 1000 - _FRAMES_UPSTREAM + 1)
    with WatchedProcesses():
        _execute(unittest, source, task["test"], task["seconds"], test_result, stat, details, alarm)
    passed = stat.value == _PASS and not details
    return {
        "status": _PASS if passed else _FAIL,
        "failed": [str(name) for name in details],
        "message": "; ".join(f"{name}: {_last_line(text)}" for name, text in details.items()),
        "ran": test_result.testsRun,
        "skipped": len(test_result.skipped),
        "unexpected": len(test_result.unexpectedSuccesses),
        "expected": len(test_result.expectedFailures),
        "patched": _contents(unittest) != before,
        "alarm_rang": alarm.rang,
        "alarm_touched": alarm.touched,
    }


def _execute(
    unittest: ModuleType,
    code: str,
    test_code: str,
    timeout: float,
    test_result: Any,
    stat: SimpleNamespace,
    details: dict[str, Any],
    alarm: Alarm,
) -> None:
    # The frame that a program finds above its own has upstream's names in it.
    new_module = ModuleType(_MODULE)
    new_module.__dict__.update(
        __builtins__=builtins,
        __file__=f"{_MODULE}.py",
        __package__=None,
        __doc__=None,
        sys=sys,
        os=os,
        environ=os.environ,
    )
    try:
        full_code = f"{code}\n{test_code}"
        with unreadable_streams():
            exec(compile(full_code, f"{_MODULE}.py", "exec", dont_inherit=True), vars(new_module))
            sys.modules[_MODULE] = new_module
            cases = new_module.TestCases
            suite = unittest.TestLoader().loadTestsFromTestCase(cases)
            with alarm.limit(timeout):
                suite.run(test_result)
        for test, trace in [*test_result.failures, *test_result.errors]:
            details[test.id().split(".")[-1]] = trace
        stat.value = _PASS
    except BaseException as error:
        details["ALL"] = harness.describe(error)
        stat.value = _FAIL


def _quiet_surroundings() -> None:
    for name in ("exit", "quit"):
        setattr(builtins, name, None)
    os.environ.update(OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")


def _contents(unittest: ModuleType) -> list[tuple[int, str, int]]:
    """Which object stands behind each name of unittest's modules and classes."""
    owners = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("unittest.") and not name.startswith("unittest.mock")
    ]
    classes = (unittest.TestCase, unittest.TestResult, unittest.TestLoader, unittest.TestSuite)
    bases = [base for cls in classes for base in cls.__mro__ if base is not object]
    return [
        (index, name, id(value))
        for index, owner in enumerate([unittest, *owners, *bases])
        for name, value in sorted(vars(owner).items(), key=lambda item: item[0])
        if not name.startswith("__") or name in ("__call__", "__eq__", "__init__")
    ]


def _last_line(text: Any) -> str:
    lines = str(text).strip().splitlines()
    return lines[-1] if lines else ""
