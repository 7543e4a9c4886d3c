"""A unittest module in the program's own namespace."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

from . import harness


def run(reporter: harness.Reporter, program: dict[str, Any]) -> None:
    """Load the program with its tests, run them, report."""
    # Before the program can put something else in its place; and not in the worker, where it
    # would make every fork dearer.
    import unittest

    token = reporter.next_run()
    try:
        module = harness.load(program["source"], program["preamble"], "__candidate__")
        harness.extend(module, program["tests"], "tests.py")
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    reporter.report(token, "ok")
    token = reporter.next_run()
    try:
        status, error = _run_cases(unittest, module.__dict__, program["expected"])
    except BaseException as raised:
        status, error = harness.outcome_of(raised)
        if status == "ok":
            status, error = "exit", "SystemExit: the tests ended the process"
    reporter.report(token, status, error, reuse=False)


def _run_cases(
    unittest: ModuleType, names: dict[str, Any], expected: dict[str, int]
) -> tuple[str, str]:
    wanted = sum(expected.values())
    if wanted == 0:
        return "exception", "NoTests: the module has no test methods"
    loader = unittest.TestLoader()
    suite = unittest.TestSuite()
    for name, count in expected.items():
        if count == 0:
            continue
        case = names.get(name)
        if not (isinstance(case, type) and issubclass(case, unittest.TestCase)):
            return "exception", f"NoTests: the test class {name} is gone"
        suite.addTests(loader.loadTestsFromTestCase(case))
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    bad = [
        f"{_short(test)} ({what})"
        for what, tests in (
            ("failed", [test for test, _ in result.failures]),
            ("error", [test for test, _ in result.errors]),
            ("skipped", [test for test, _ in result.skipped]),
            ("unexpected success", result.unexpectedSuccesses),
            ("expected failure", [test for test, _ in result.expectedFailures]),
        )
        for test in tests
    ]
    if bad:
        return "exception", f"TestsFailed: {', '.join(bad)}"[:2000]
    if result.testsRun != wanted:
        return "exception", f"TestsFailed: {result.testsRun} of {wanted} tests ran"
    return "ok", ""


def _short(test: Any) -> str:
    return str(getattr(test, "_testMethodName", test))
