"""What runs in the process of a program: load it, run it input by input, say how it went.

This side is in the program's hands. Nothing it reports is trusted: it can only spoil the
program's own result. Clocks, limits and the collection of output are in the worker.
"""

from __future__ import annotations

import builtins
import errno
import gc
import json
import os
import sys
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import reporting, state, values
from .files import read_all

if TYPE_CHECKING:
    import threading

    from .isolate import Isolation

_ERROR_LENGTH = 2000


class Ended(Exception):
    """The program is over; carries the status and the error to report."""

    def __init__(self, status: str, error: str = "") -> None:
        super().__init__(status, error)
        self.status = status
        self.error = error


def describe(error: BaseException) -> str:
    """``TypeName: message`` of an exception whose ``__str__`` may itself fail."""
    name = str(getattr(error, "wire_name", type(error).__name__))
    try:
        message = str(error)
    except BaseException:
        message = "(the message cannot be shown)"
    return f"{name}: {message}"[:_ERROR_LENGTH] if message else name[:_ERROR_LENGTH]


def outcome_of(error: BaseException) -> tuple[str, str]:
    """Status and error text of what a program raised."""
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or (isinstance(code, int) and code & 0xFF == 0):
            return "ok", ""
        if not isinstance(code, int):
            try:
                print(code, file=sys.stderr)
            except Exception:  # as in CPython, the status stands even if nobody can read why
                return "exit", "SystemExit"
        return "exit", describe(error)
    error.__traceback__ = None  # frees the frames, and with them what filled the memory
    if isinstance(error, MemoryError):
        return "memory", describe(error)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        # The first process of a namespace is not killed by the signal that comes before this.
        return "output", describe(error)
    return "exception", describe(error)


def frame_depth() -> int:
    """How many frames are below and including the caller's, as the recursion limit counts."""
    depth = 0
    frame = sys._getframe(1)
    while frame is not None:
        depth += 1
        frame = frame.f_back  # type: ignore[assignment]
    return depth


def new_module(name: str) -> types.ModuleType:
    """An empty module that can be found under its name."""
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__="program.py", __annotations__={})
    sys.modules[name] = module
    return module


def compile_source(text: str, name: str = "program.py") -> types.CodeType:
    """Compile a program as if it were read from a file of its own.

    Raises:
        Ended: it does not compile.
    """
    try:
        return compile(text.removeprefix("\ufeff"), name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        # A parser that runs out of stack says MemoryError: still the program's own doing.
        raise Ended("exception", describe(error)) from None


def load(text: str, preamble: str, name: str) -> types.ModuleType:
    """Execute preamble and program in one new module.

    Raises:
        Ended: either failed.
    """
    module = new_module(name)
    extend(module, preamble, "preamble.py")
    extend(module, text, "program.py")
    return module


def extend(module: types.ModuleType, text: str, file: str) -> None:
    """Execute more source in a module.

    Raises:
        Ended: it failed.
    """
    code = compile_source(text, file)
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        status, text = outcome_of(error)
        if status == "ok":
            status, text = "exit", "SystemExit: the program ended while it was loaded"
        raise Ended(status, text) from None


def find_function(module: types.ModuleType, entry_point: str) -> Any:
    """A maker of the callable: the method of a fresh ``Solution``, else the plain function.

    Raises:
        Ended: there is neither.
    """
    solution = module.__dict__.get("Solution")
    if isinstance(solution, type) and hasattr(solution, entry_point):
        return lambda: getattr(solution(), entry_point)
    function = module.__dict__.get(entry_point)
    if callable(function):
        return lambda: function
    raise Ended("exception", f"NameError: the program defines no function {entry_point!r}")


def run_stdin(
    reporter: reporting.Reporter, program: dict[str, Any], home: str, interpreter: state.Interpreter
) -> None:
    """Run the program as ``__main__`` for one input after the other."""
    token = reporter.next_run()
    try:
        preamble = compile_source(program["preamble"], "preamble.py")
        code = compile_source(program["source"])
    except Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    owners = state.attribute_owners(code)
    interpreter.begin(home, frame_depth() + 1)
    reporter.report(token, "ok")
    standard = reporting.StandardFiles()
    first = True
    while True:
        token = reporter.next_run()
        standard.begin(reporter)
        if not first:
            interpreter.restore()
        first = False
        module = new_module("__main__")
        status, error, threads_left = run_main(
            preamble, code, module.__dict__, interpreter.started_threads
        )
        reuse = status != "memory" and not state.patched_modules(owners, module.__dict__)
        module.__dict__.clear()  # open files are flushed within the run they belong to
        state.flush()
        if reporter.forked():
            os._exit(0 if status == "ok" else 1)
        reuse = reuse and interpreter.reusable()
        printed = standard.answer(reporter, program["output_bytes"]) if reuse else -1
        reporter.report(
            token, status, error, reuse=reuse, threads_left=threads_left, printed=printed
        )
        if not reuse:
            return


def run_main(
    preamble: types.CodeType,
    code: types.CodeType,
    names: dict[str, Any],
    started: list[threading.Thread],
) -> tuple[str, str, bool]:
    """Run a whole program to its end.

    Args:
        preamble: What is executed before it.
        code: The program.
        names: Its namespace.
        started: Where the threads are noted that it starts.

    Returns:
        Status, error, and whether threads were left to themselves.
    """
    status, error = "ok", ""
    try:
        exec(preamble, names)
        exec(code, names)
    except BaseException as raised:
        if sys.excepthook is not sys.__excepthook__ and not isinstance(raised, SystemExit):
            sys.excepthook(type(raised), raised, raised.__traceback__)
        status, error = outcome_of(raised)
    threads_left = state.not_waited_for(started)
    try:
        state.finish()
    except BaseException as raised:
        if status == "ok":
            status, error = outcome_of(raised)
    return status, error, threads_left


def run_calls(reporter: reporting.Reporter, program: dict[str, Any]) -> None:
    """Load the program and call its function with one tuple of arguments after the other."""
    token = reporter.next_run()
    try:
        module = load(program["source"], program["preamble"], "__candidate__")
        maker = find_function(module, program["entry_point"])
    except Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    reporter.report(token, "ok")
    while True:
        token = reporter.next_run()
        arguments = values.loads(reporter.read_input())
        status, error, value = call(maker, arguments)
        if len(value) > program["output_bytes"]:
            status, error, value = "output", "the value returned is too big", b""
        reuse = status != "memory"
        reporter.report(token, status, error, reuse=reuse, answer=value)
        if not reuse:
            return


def call(maker: Any, arguments: Any) -> tuple[str, str, bytes]:
    """Call a function; returns status, error and the encoded value."""
    try:
        return "ok", "", values.dumps(maker()(*arguments))
    except BaseException as raised:
        status, error = outcome_of(raised)
        if status == "ok":
            status, error = "exit", "SystemExit: the program ended instead of returning"
        return status, error, b""


Role = Callable[[reporting.Reporter, dict[str, Any]], None]


def main(isolation: Isolation, roles: Mapping[str, Role]) -> None:
    """Take the part that the worker has for this process, and play it until the worker hangs up.

    Args:
        isolation: Settles this process in its place, and holds the state of the interpreter
            that programs start from.
        roles: What a process can do, ``stdin`` apart.
    """
    gc.enable()
    reporter = reporting.Reporter()
    part = reporter.take_part()
    isolation.settle(part["home"])
    program = json.loads(read_all(reporting.PROGRAM, reporting.UNLIMITED))
    os.close(reporting.PROGRAM)
    reporter.report("", "ready")
    if part["role"] == "stdin":
        run_stdin(reporter, program, part["home"], isolation.interpreter)
        return
    sys.setrecursionlimit(state.RECURSION_LIMIT + frame_depth())
    roles[part["role"]](reporter, program)
