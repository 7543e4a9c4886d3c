"""A unittest module in the program's own namespace and process.

What the tests say is believed only if nothing of the machinery was changed (:mod:`.intact`) and
every test that is in the source was seen to start and to succeed, in the code that was compiled
from the source. Skips, expected failures and missing tests are failures. The token that the
verdict must carry is not read from the wire before the tests are over.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from . import harness, intact, reporting

CO_COROUTINE = 0x80  # as ``inspect`` names it
_COURSE = ("start", "ended", "success")  # of a test that passes
_Log = tuple[Any, ...]
_Note = Callable[[str, Any], None]


def run(reporter: reporting.Reporter, program: dict[str, Any]) -> None:
    """Load the program with its tests, run them, report."""
    # Before the program can put something else in its place; and not in the worker, where it
    # would make every fork dearer.
    import unittest

    token = reporter.next_run()
    try:
        tests = harness.compile_source(program["tests"], "tests.py")
        snapshot = intact.Snapshot(program["tests"])
        changed = snapshot.changed
        module = harness.load(program["source"], program["preamble"], "__candidate__")
        if problem := changed():
            raise intact.Tampered(problem)
        execute(tests, module.__dict__)
        if problem := changed():
            raise intact.Tampered(problem)
        cases = _cases(unittest, module.__dict__, program["expected"], set(_codes(tests)))
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    except intact.Tampered as tampered:
        reporter.report(token, "exception", f"TamperedWith: {tampered}")
        return
    reporter.report(token, "ok")
    reporter.next_input()  # the limits of the run hold from here on
    try:
        status, error = _run_cases(unittest, snapshot, cases)
    except intact.Tampered as tampered:
        status, error = "exception", f"TamperedWith: {tampered}"
    except BaseException as raised:
        status, error = harness.outcome_of(raised)
        if status == "ok":
            status, error = "exit", "SystemExit: the tests ended the process"
    reporter.report(reporter.next_run(), status, error, reuse=False)


def execute(code: CodeType, names: dict[str, Any]) -> None:
    """Execute trusted source among a program's names.

    Raises:
        Ended: it failed.
    """
    try:
        exec(code, names)
    except BaseException as error:
        status, text = harness.outcome_of(error)
        if status == "ok":
            status, text = "exit", "SystemExit: the program ended while it was loaded"
        raise harness.Ended(status, text) from None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _cases(
    unittest: ModuleType, names: dict[str, Any], expected: dict[str, int], known: set[CodeType]
) -> list[Any]:
    """An instance for each test of the source.

    Raises:
        Ended: there are not as many as there should be.
        Tampered: a test is not the source's.
    """
    cases: list[Any] = []
    for name, count in expected.items():
        if count == 0:
            continue
        kind = names.get(name)
        if not (isinstance(kind, type) and issubclass(kind, unittest.TestCase)):
            raise harness.Ended("exception", f"NoTests: the test class {name} is gone")
        methods = sorted(
            n for n in dir(kind) if n.startswith("test") and callable(getattr(kind, n))
        )
        if len(methods) != count:
            raise harness.Ended(
                "exception", f"TestsFailed: {name} has {len(methods)} of {count} tests"
            )
        for method in methods:
            if not _is_from(getattr(kind, method), known):
                raise intact.Tampered(f"{name}.{method} was replaced")
            cases.append(kind(method))
    if not cases:
        raise harness.Ended("exception", "NoTests: the module has no test methods")
    return cases


def _is_from(function: Any, known: set[CodeType]) -> bool:
    """Whether what decorators have left of a test leads to code of the test source."""
    while hasattr(function, "__wrapped__"):  # as ``functools.wraps`` and mock's ``patch`` leave it
        function = function.__wrapped__
    return any(getattr(function, "__code__", None) is code for code in known)


def _run_cases(
    unittest: ModuleType, snapshot: intact.Snapshot, cases: list[Any]
) -> tuple[str, str]:
    for kind in {type(case) for case in cases}:
        for base in kind.__mro__:
            if base.__module__ == "__candidate__":
                snapshot.watch_class(base, base.__name__)
    result, note, read = _recorder(unittest)
    pinned = [_pin(unittest, case, snapshot, note) for case in cases]
    changed = snapshot.changed
    unittest.TestSuite(cases).run(result)
    if problem := changed():
        raise intact.Tampered(problem)
    events = read()
    for case, pins in zip(cases, pinned, strict=True):
        for name, value in vars(case).items():
            if callable(value) and hasattr(unittest.TestCase, name) and value is not pins.get(name):
                raise intact.Tampered(f"{name} of a running test was replaced")
    bad = [f"{name} ({what})" for what, name, _ in events if what not in _COURSE]
    if bad:
        return "exception", f"TestsFailed: {', '.join(bad)}"[:2000]
    course = [(what, case) for case in cases for what in _COURSE]
    if len(course) != len(events) or any(
        what != event or case is not test
        for (what, case), (event, _, test) in zip(course, events, strict=True)
    ):
        ran = sum(what == "ended" for what, _, _ in events)
        return "exception", f"TestsFailed: {ran} of {len(cases)} tests ran"
    if result.testsRun != len(cases) or result.failures or result.errors:
        raise intact.Tampered("the recorder of results was changed")
    return "ok", ""


def _pin(unittest: ModuleType, case: Any, snapshot: intact.Snapshot, note: _Note) -> dict[str, Any]:
    """Tie a test to the methods that its class has now.

    Assertions look first whether all is well, and that the test came to its end is noted. Else a
    program could replace a method while it is called, with one that puts the right one back, and
    nothing would be left to notice.
    """
    kind = type(case)
    pins: dict[str, Any] = {}
    for name in dir(kind):
        function = getattr(kind, name)
        if name.startswith("__") or not isinstance(function, FunctionType):
            continue
        pins[name] = method = MethodType(function, case)
        if name == case._testMethodName:
            pins[name] = _noted(method, case, note)
        elif name.startswith(("assert", "fail")) and name in vars(unittest.TestCase):
            pins[name] = _guarded(method, snapshot)
    vars(case).update(pins)
    return pins


def _noted(method: Callable[..., Any], case: Any, note: _Note) -> Callable[..., Any]:
    @functools.wraps(method)
    def call() -> Any:
        value = method()
        note("ended", case)
        return value

    @functools.wraps(method)
    async def wait() -> Any:
        value = await method()
        note("ended", case)
        return value

    is_async = method.__code__.co_flags & CO_COROUTINE
    return wait if is_async else call


def _guarded(method: Callable[..., Any], snapshot: intact.Snapshot) -> Callable[..., Any]:
    changed, tampered = snapshot.core_changed, intact.Tampered

    def call(*arguments: Any, **named: Any) -> Any:
        if problem := changed():
            raise tampered(problem)
        return method(*arguments, **named)

    return call


def _recorder(unittest: ModuleType) -> tuple[Any, _Note, Callable[[], list[_Log]]]:
    """A result, and ways to note and to read what happened that do not go through it."""
    log: _Log | None = None

    def note(what: str, test: Any) -> None:
        nonlocal log
        log = (log, what, _short(test), test)

    def read() -> list[_Log]:
        entry, entries = log, []
        while entry is not None:
            entry, *rest = entry
            entries.append(tuple(rest))
        return entries[::-1]

    base = unittest.TestResult

    class Recorder(base):  # type: ignore[misc, valid-type]
        def startTest(self, test: Any) -> None:
            note("start", test)
            base.startTest(self, test)

        def addSuccess(self, test: Any) -> None:
            note("success", test)

        def addFailure(self, test: Any, error: Any) -> None:
            note("failed", test)
            self.failures.append((test, error))

        def addError(self, test: Any, error: Any) -> None:
            note("error", test)
            self.errors.append((test, error))

        def addSkip(self, test: Any, reason: str) -> None:
            note("skipped", test)
            self.skipped.append((test, reason))

        def addExpectedFailure(self, test: Any, error: Any) -> None:
            note("expected failure", test)
            self.expectedFailures.append((test, error))

        def addUnexpectedSuccess(self, test: Any) -> None:
            note("unexpected success", test)
            self.unexpectedSuccesses.append(test)

        def addSubTest(self, test: Any, _: Any, error: Any) -> None:
            if error is not None:
                failed = issubclass(error[0], test.failureException)
                (self.addFailure if failed else self.addError)(test, error)

    return Recorder(), note, read


def _short(test: Any) -> str:
    return str(getattr(test, "_testMethodName", test))
