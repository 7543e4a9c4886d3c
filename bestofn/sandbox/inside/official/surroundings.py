"""What the evaluators of HumanEval, EvalPlus and BigCodeBench put around a program.

All three descend from HumanEval's: an alarm for the time, a buffer in place of the standard
streams, and functions taken away so that programs do no harm by accident. Here the sandbox
keeps programs from harm; what is rebuilt is only what a program can notice.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TextIO

FROM_OS = (
    "kill",
    "system",
    "putenv",
    "remove",
    "removedirs",
    "rmdir",
    "fchdir",
    "setuid",
    "fork",
    "forkpty",
    "killpg",
    "rename",
    "renames",
    "truncate",
    "replace",
    "unlink",
    "fchmod",
    "fchown",
    "chmod",
    "chown",
    "chroot",
    "lchflags",
    "lchmod",
    "lchown",
    "getcwd",
    "chdir",
)
"""Functions of :mod:`os` that HumanEval's and EvalPlus' evaluators set to None."""
FROM_MODULES = {"shutil": ("rmtree", "move", "chown"), "subprocess": ("Popen",)}
NOT_TO_BE_IMPORTED = ("ipdb", "joblib", "resource", "psutil", "tkinter")


class TimeIsOver(Exception):
    """The evaluator's alarm rang. Upstream, too, a program can catch it."""


class Alarm:
    """An alarm that raises in the midst of a program, and what became of it.

    Attributes:
        rang: Whether it did.
        touched: Whether the program set, cancelled or took over the alarm.
    """

    def __init__(self) -> None:
        self.rang = self.touched = False

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Let it ring once after so many wall-clock seconds."""
        signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.signal(signal.SIGALRM, self._ring)
        try:
            yield
        finally:
            left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
            cancelled = left == 0 and not self.rang
            taken_over = signal.getsignal(signal.SIGALRM) != self._ring
            self.touched |= cancelled or taken_over or left > seconds

    def _ring(self, *_: object) -> None:
        self.rang = True
        raise TimeIsOver("Timed out!")


class _Unreadable(io.StringIO):
    """Takes whatever is printed; reading from it is an error."""

    def read(self, *_: Any) -> str:
        raise OSError

    def readline(self, *_: Any) -> str:  # type: ignore[override]
        raise OSError

    def readlines(self, *_: Any) -> list[str]:  # type: ignore[override]
        raise OSError

    def readable(self) -> bool:
        return False


@contextlib.contextmanager
def unreadable_streams() -> Iterator[None]:
    """One buffer in place of standard input, output and errors."""
    stream: TextIO = _Unreadable()
    kept = sys.stdin
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        sys.stdin = stream
        try:
            yield
        finally:
            sys.stdin = kept


class _OnImport:
    """Takes functions from a module when a program imports it; to import it here costs time."""

    def __init__(self, waiting: dict[str, tuple[str, ...]]) -> None:
        self._waiting = waiting

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """Python's hook: the module as others find it, changed once it was executed."""
        names = self._waiting.pop(name, None)
        spec = None if names is None else importlib.util.find_spec(name)
        if names is None or spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_take(module: ModuleType) -> None:
            execute(module)
            _take(module, names)

        spec.loader.exec_module = execute_and_take  # type: ignore[method-assign]
        return spec


def _take(module: ModuleType, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(module, name, None)


def take_functions_away(*, without_open: bool) -> None:
    """Set to None what HumanEval's evaluator, and with ``without_open`` EvalPlus', does.

    Their limits of memory are not set: the sandbox has its own.
    """
    for name in ("exit", "quit", "help", *(["open"] if without_open else [])):
        setattr(builtins, name, None)
    os.environ["OMP_NUM_THREADS"] = "1"
    _take(os, FROM_OS)
    waiting = dict(FROM_MODULES)
    for name in FROM_MODULES:
        if name in sys.modules:
            _take(sys.modules[name], waiting.pop(name))
    sys.meta_path.insert(0, _OnImport(waiting))
    for name in NOT_TO_BE_IMPORTED:
        sys.modules[name] = None  # type: ignore[assignment]
