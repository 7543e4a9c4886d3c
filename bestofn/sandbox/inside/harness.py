"""What runs in the process of a program: load it, run it input by input, say how it went.

This side is in the program's hands. Nothing it reports is trusted: it can only spoil the
program's own result. Clocks, limits and the collection of output are in the worker.

Descriptors on entry: 0 to 2 standard streams, and those named below.
"""

from __future__ import annotations

import builtins
import errno
import gc
import json
import os
import socket
import sys
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import files, frames, state, values
from .files import read_all

if TYPE_CHECKING:
    import threading

    from .isolate import Isolation

CONTROL, INPUT, OUTPUT, ERRORS, PROGRAM, PEER, STDIN, STDOUT = 3, 4, 5, 6, 7, 8, 9, 10
PART = (PEER, STDIN, STDOUT)  # only some roles have them
LAST = STDOUT
_ERROR_LENGTH = 2000
UNLIMITED = 1 << 40


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


class Reporter:
    """The wire to the worker. Forked copies of a program never get to use it.

    The worker names several runs at once, and the process goes from one to the next by itself:
    it is the reports, one for each run and in order, that the worker's clocks go by.
    """

    def __init__(self) -> None:
        # With its kind given, Python need not ask the kernel for it.
        self._stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, CONTROL)
        self._pid = os.getpid()
        self._go: str | None = None
        self._ahead = False
        self._spans: list[list[int]] = []
        self._run = 0
        self._answered = self._room = 0

    def take_part(self) -> dict[str, Any]:
        """Wait for the part this process is to play, and take the descriptors that go with it."""
        first, descriptors, _, _ = socket.recv_fds(self._stream, 1, len(PART))
        if not first:
            os._exit(0)
        part: dict[str, Any] = frames.receive(self._stream)
        for target, given in zip(part["wires"], descriptors, strict=True):
            os.dup2(given, target, inheritable=False)
            os.close(given)
        for target, standard in ((STDIN, 0), (STDOUT, 1)):
            if target in part["wires"]:
                os.dup2(target, standard)
        unused = {*PART} - {*part["wires"]}
        for target in (*unused, *(() if part["fed"] else (INPUT, OUTPUT))):
            os.close(target)
        return part

    def next_input(self) -> None:
        """Go on to the next run, waiting for the worker to name one, but leave its token alone.

        For who runs the program before the token is in its reach; :meth:`next_run` comes after.
        """
        if not self.last:
            self._run += 1
        else:
            message = self._receive()
            self._spans, self._room = message["runs"], message["room"]
            self._go, self._run, self._answered = None, 0, 0
        self._ahead = True
        if self._spans:
            files.reset(ERRORS)

    def next_run(self) -> str:
        """Go on to the next run, waiting for the worker to name one; returns its token.

        The first one has no input: it is for loading the program.
        """
        if not self._ahead:
            self.next_input()
        self._ahead = False
        if self._go is None:
            self._go = str(self._receive()["go"])
        return f"{self._go}.{self._run}"

    def _receive(self) -> Any:
        try:
            return frames.receive(self._stream)
        except frames.EndOfStream:
            os._exit(0)

    @property
    def last(self) -> bool:
        """Whether the worker has to be asked before there is another run."""
        return self._run + 1 >= len(self._spans) or self._answered > self._room

    @property
    def span(self) -> tuple[int, int]:
        """Where the input of the present run begins in ``INPUT``, and how long it is."""
        start, size = self._spans[self._run]
        return start, size

    def read_input(self) -> bytes:
        """The input of the present run."""
        start, size = self.span
        return read_all(INPUT, size, start)

    def forked(self) -> bool:
        """Whether this is a copy of the program's process that the program made itself."""
        return os.getpid() != self._pid

    def report(
        self,
        token: str,
        status: str,
        error: str = "",
        *,
        reuse: bool = True,
        threads_left: bool = False,
        gone: bool = False,
        unpassable: bool = False,
        answer: bytes = b"",
        printed: int | None = None,
    ) -> None:
        """Tell the worker how a run ended.

        Args:
            token: From :meth:`next_run`.
            status: See :class:`bestofn.sandbox.Execution`.
            error: Likewise.
            reuse: Whether the process is fit for another run.
            threads_left: See :class:`bestofn.sandbox.Execution`.
            gone: The other process of the job ended within the run.
            unpassable: See :class:`bestofn.sandbox.Execution`.
            answer: What the run answered.
            printed: Instead, bytes that were appended to ``OUTPUT`` already, or -1 for an
                answer that lies in ``STDOUT``.
        """
        if self.forked():
            os._exit(0 if status == "ok" else 1)
        size = _append(answer) if printed is None else printed
        self._answered += max(0, size)
        report: dict[str, Any] = {"token": token, "status": status, "error": error, "reuse": reuse}
        marks = {"threads_left": threads_left, "gone": gone, "unpassable": unpassable}
        report["marks"] = [name for name, is_set in marks.items() if is_set]
        report["answer"] = size
        frames.send(self._stream, report)


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


def _append(data: bytes) -> int:
    """Put the answer of a run where the worker collects it; returns its size."""
    view = memoryview(data)
    while view:
        view = view[os.write(OUTPUT, view) :]
    return len(data)


class StandardFiles:
    """What descriptors 0, 1 and 2 of a program are, made anew for each run."""

    def __init__(self) -> None:
        self._first = True

    def begin(self, reporter: Reporter) -> None:
        """Put the input of the present run on descriptor 0, and empty files on 1 and 2."""
        if not self._first:
            for descriptor in (STDIN, STDOUT):
                files.reset(descriptor)
            for descriptor, kept in enumerate((STDIN, STDOUT, ERRORS)):
                os.dup2(kept, descriptor)
        self._first = False
        start, size = reporter.span
        files.copy(INPUT, start, size, STDIN)
        os.lseek(STDIN, 0, os.SEEK_SET)

    def answer(self, reporter: Reporter, limit: int) -> int:
        """Pass on what was printed, at most ``limit`` bytes and one; what to report of it."""
        if reporter.last:
            return -1  # nothing will overwrite it
        size = min(os.fstat(STDOUT).st_size, limit + 1)
        files.copy(STDOUT, 0, size, OUTPUT)
        return size


def run_stdin(
    reporter: Reporter, program: dict[str, Any], home: str, interpreter: state.Interpreter
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
    standard = StandardFiles()
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


def run_calls(reporter: Reporter, program: dict[str, Any]) -> None:
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


Role = Callable[[Reporter, dict[str, Any]], None]


def main(isolation: Isolation, roles: Mapping[str, Role]) -> None:
    """Take the part that the worker has for this process, and play it until the worker hangs up.

    Args:
        isolation: Settles this process in its place, and holds the state of the interpreter
            that programs start from.
        roles: What a process can do, ``stdin`` apart.
    """
    gc.enable()
    reporter = Reporter()
    part = reporter.take_part()
    isolation.settle(part["home"])
    program = json.loads(read_all(PROGRAM, UNLIMITED))
    os.close(PROGRAM)
    reporter.report("", "ready")
    if part["role"] == "stdin":
        run_stdin(reporter, program, part["home"], isolation.interpreter)
        return
    sys.setrecursionlimit(state.RECURSION_LIMIT + frame_depth())
    roles[part["role"]](reporter, program)
