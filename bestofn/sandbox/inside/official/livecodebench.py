"""The rules of LiveCodeBench's evaluator, in one process that knows the answers.

Rebuilt from what https://github.com/LiveCodeBench/LiveCodeBench does (``testing_util.py`` and
``compute_code_generation_metrics.py`` of 2025): the order of steps, where exceptions are caught
and which names can be patched decide verdicts, and are kept.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import faulthandler
import importlib
import io
import json
import re
import resource
import signal
import sys
from types import FrameType
from typing import Any

from .. import harness
from . import lcb_slips as slips
from .lcb_compare import note_long_integers, plain, same_text
from .lcb_prelude import WRAPPED, compile_behind, new_module, wrap
from .lcb_streams import Captured, feeding, hide_streams
from .surroundings import take_functions_away

_STACK_BYTES = 8 << 20  # Linux' own limit for the first thread
# What upstream has imported before it takes functions away; imported later it would miss them.
_LOADED_UPSTREAM = re.compile(r"\b(?:numpy|multiprocessing|tempfile)\b")
_LARGEST_INTEGER = 50_000  # digits
_handler, _timer = signal.getsignal, signal.getitimer  # whatever a program does to the module
_WRONG, _SLOW, _ERROR, _NO_VERDICT = -2, -3, -4, -5


class TimeoutException(Exception):
    """The alarm rang. Upstream looks for this name in the ``repr`` of what a program raises."""


class _Failed(Exception):
    """A test failed; carries code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def grade(source: str, task: dict[str, Any]) -> dict[str, Any]:
    """Run all tests of a program in this process, the first failure being the last test.

    Args:
        source: The program.
        task: ``inputs`` and ``outputs``, texts; ``entry_point`` if a function is to be called
            with one JSON value a line, else None; ``seconds``, whole, for each test; ``mocked``:
            whether standard input is the mock of May 2025.

    Returns:
        ``results``, ``code``, ``message`` and ``slips``.
    """
    evaluation = _Evaluation(task)
    _become_evaluator(evaluation, source)
    code: int | None = None
    message = ""
    try:
        try:
            evaluation.run(source)
        except _Failed as failure:
            code, message = failure.code, failure.message
        except Exception as error:
            # Asking it for its text is part of the rules: an error there ends the evaluator.
            evaluation.note_cause(error)
            evaluation.results = [_ERROR]
            code, message = _ERROR, f"error before any test: {type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
        results = plain(evaluation.results)
    except BaseException as error:
        evaluation.note_end(error)
        results, code = [_WRONG], _NO_VERDICT
        message = f"the evaluator ended without a verdict: {harness.describe(error)}"
    return {
        "results": results,
        "code": code,
        "message": message[:500],
        "slips": sorted(evaluation.slips),
    }


def _become_evaluator(evaluation: _Evaluation, source: str) -> None:
    """Make this process what a program finds upstream."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(hard, _STACK_BYTES)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))
    sys.set_int_max_str_digits(_LARGEST_INTEGER)
    hide_streams(evaluation.note)
    for name in sorted(set(_LOADED_UPSTREAM.findall(source))):
        with contextlib.suppress(ImportError):  # the program will be told
            importlib.import_module(name)
    leave = builtins.exit
    take_functions_away(without_open=False)
    builtins.exit = leave
    signal.signal(signal.SIGALRM, evaluation.ring)


class _Evaluation:
    """One program on its tests.

    Attributes:
        results: What was said of each test so far.
        slips: Which of the evaluator's slips were met.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        # Cheating programs look for answers in frames by name: these names are upstream's.
        self.in_outs = {"inputs": task["inputs"], "outputs": task["outputs"]}
        self.entry_point: str | None = task["entry_point"]
        self.seconds: int = task["seconds"]
        self.mocked: bool = task["mocked"]
        self.results: list[Any] = []
        self.slips: set[str] = set()
        self.rang = False
        self._in_program = False

    def note(self, slip: str) -> None:
        """Remember a slip, if it is the program that meets it."""
        if self._in_program and self.entry_point is None:
            self.slips.add(slip)

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        """What the alarm does."""
        self.rang = True
        print("the time for this test is over")  # into what the program printed
        raise TimeoutException

    def run(self, source: str) -> None:
        """Grade.

        Raises:
            _Failed: a test failed.
            Exception: no test was come to.
        """
        in_outs = self.in_outs
        signal.alarm(self.seconds)
        if self.entry_point is not None:
            self.slips.update(slips.shown_by(source, called=True))
            self._run_calls(source, self.entry_point, in_outs["inputs"], in_outs["outputs"])
        else:
            self._run_stdin(source, in_outs["inputs"], in_outs["outputs"])

    def _run_stdin(self, source: str, all_inputs: list[str], all_outputs: list[str]) -> None:
        try:
            tree = ast.parse(source)
            self.slips.update(slips.shown_by(source, tree, called=False))
            wrapped = wrap(tree)
        except Exception:  # an alarm is one, too
            self.slips.add(slips.NO_FUNCTION)
            wrapped = source
        function = self._load(wrapped, WRAPPED)
        for gt_inp, gt_out in zip(all_inputs, all_outputs, strict=False):
            self._begin_test()
            with Captured(self.note) as captured:
                try:
                    self._in_program = True
                    self._call_with_input(function, gt_inp)
                    self._after_program()
                    signal.alarm(0)
                except Exception as error:
                    signal.alarm(0)
                    raise self._failure(error) from None
                finally:
                    self._in_program = False
                    signal.alarm(0)
                    faulthandler.disable()
            for longest in (captured.text, gt_inp):
                note_long_integers(longest, self.slips.add)
            if not same_text(captured.text, gt_out, self.slips.add):
                self.results.append(_WRONG)
                raise _Failed(_WRONG, f"wrong answer on test {len(self.results) - 1}")
            self.results.append(True)

    def _call_with_input(self, function: Any, text: str) -> None:
        with feeding(text, self.note, mocked=self.mocked):
            try:
                function()
            except SystemExit as end:
                if end.code not in (None, 0):
                    self.note(slips.EXIT_STATUS)

    def _run_calls(
        self, source: str, entry_point: str, all_inputs: list[Any], all_outputs: list[Any]
    ) -> None:
        function = self._load(source, entry_point)
        all_inputs = [[json.loads(line) for line in text.split("\n")] for text in all_inputs]
        all_outputs = [json.loads(text) for text in all_outputs]
        for gt_inp, gt_out in zip(all_inputs, all_outputs, strict=False):
            self._begin_test()
            try:
                self._in_program = True
                value = function(*gt_inp)
                self._after_program()
                signal.alarm(0)
                if isinstance(value, tuple):
                    self.slips.add(slips.TUPLE)
                    value = list(value)
                equal = value == gt_out
                self.results.append(equal)
                if not equal:
                    for part in (value, gt_inp, gt_out):
                        part if isinstance(part, str) else str(part)  # upstream reports them
                self._note_value(value, gt_out, equal)
                if not equal:
                    raise _Failed(_WRONG, f"wrong answer on test {len(self.results) - 1}")
            except _Failed:
                raise
            except Exception as error:
                signal.alarm(0)
                raise self._failure(error) from None
            finally:
                self._in_program = False
                signal.alarm(0)
                faulthandler.disable()
            owner = getattr(function, "__self__", None)
            if len(all_inputs) > 1 and getattr(owner, "__dict__", None):
                self.slips.add(slips.STATE_KEPT)

    def _begin_test(self) -> None:
        """Set the alarm.

        Raises:
            Exception: there is no ``sys.stderr`` with a descriptor any more.
        """
        signal.alarm(self.seconds)
        try:
            faulthandler.enable()
        except Exception:
            self.slips.add(slips.BREAKS_STDERR)
            raise
        signal.alarm(self.seconds)

    def _failure(self, error: Exception) -> _Failed:
        """What an exception during a test means."""
        shown = repr(error)
        slow = "timeoutexception" in shown.lower()
        self.results.append(_SLOW if slow else _ERROR)
        self.note_cause(error)
        where = f"on test {len(self.results) - 1}"
        if slow:
            return _Failed(_SLOW, f"out of time {where}")
        return _Failed(_ERROR, f"error {where}: {shown}")

    def _load(self, text: str, name: str) -> Any:
        """Execute a program; its function.

        Raises:
            Exception: it does not compile, fails, or has no such function.
        """
        signal.alarm(self.seconds)
        try:
            code = compile_behind(text)
            module = new_module()
            self._in_program = True
            exec(code, module.__dict__)
            owner = module.Solution() if "class Solution" in text else module
        finally:
            self._in_program = False
            signal.alarm(0)
        if not hasattr(owner, name):
            raise TypeError(f"there is nothing named {name!r} to be called")
        return getattr(owner, name)

    def _after_program(self) -> None:
        """Note what a program leaves behind."""
        if len(getattr(sys.modules.get("threading"), "_active", ())) > 1:
            self.slips.add(slips.THREAD_LEFT)
        if self.rang:
            self.slips.add(slips.ALARM_CAUGHT)
        elif _handler(signal.SIGALRM) != self.ring or not _timer(signal.ITIMER_REAL)[0]:
            self.slips.add(slips.ALARM_TOUCHED)

    def _note_value(self, value: Any, expected: Any, equal: Any) -> None:
        kind = type(value)
        if equal:
            if kind is not type(expected) and kind not in _PLAIN:
                self.slips.add(slips.OWN_EQUALITY)
            elif kind is not type(expected):
                self.slips.add(slips.LOOSE_TYPES)
        elif kind not in _PLAIN:
            self.slips.add(slips.CONTAINER)
        elif kind is float and value != value:
            self.slips.add(slips.NAN)
        elif kind is list and any(type(item) is tuple for item in value):
            self.slips.add(slips.INNER_TUPLE)

    def note_cause(self, error: BaseException) -> None:
        """Note what an error shows of a slip."""
        if self.entry_point is None and isinstance(error, NameError | SyntaxError):
            self.slips.add(slips.NOT_A_MODULE)
        if self.entry_point is None and isinstance(error, ImportError) and not self.results:
            self.slips.add(slips.IMPORTS_FIRST)
        in_program = slips.BREAKS_STDERR not in self.slips
        if in_program and self.entry_point is None and isinstance(error, io.UnsupportedOperation):
            self.slips.add(slips.STDIN_DESCRIPTOR)  # input() asks for it as well, and goes on

    def note_end(self, error: BaseException) -> None:
        """Note why the evaluator ended."""
        if isinstance(error, SystemExit) and self.entry_point is not None:
            self.slips.add(slips.EXIT_IN_CALL)


_PLAIN = (bool, int, float, str, list, dict, type(None))
