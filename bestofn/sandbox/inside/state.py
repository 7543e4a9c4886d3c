"""Putting a process back as it was, so that the next input meets the interpreter afresh."""

from __future__ import annotations

import _thread
import atexit
import builtins
import gc
import io
import opcode
import os
import signal
import sys
import types
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    # Not in the worker: its hook after a fork costs every program 0.3 ms.
    import threading

_WATCHED_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGALRM", "SIGINT", "SIGTERM", "SIGSEGV", "SIGXCPU", "SIGXFSZ", "SIGUSR1")
    if hasattr(signal, name)  # level unsafe knows other systems
)
RECURSION_LIMIT = 1000  # CPython's own


def _stream(fd: int, mode: str, errors: str) -> io.TextIOWrapper:
    name = ("<stdin>", "<stdout>", "<stderr>")[fd]
    raw = io.FileIO(fd, mode, closefd=False)
    raw.name = name
    buffer: Any = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    stream = io.TextIOWrapper(
        buffer,
        encoding="utf-8",
        errors=errors,
        newline=None if mode == "r" else "\n",
        line_buffering=fd == 2,
    )
    stream.mode = mode  # type: ignore[misc]
    return stream


def open_standard_streams() -> None:
    """New ``sys.stdin``, ``stdout`` and ``stderr`` over descriptors 0, 1 and 2."""
    sys.stdin = sys.__stdin__ = _stream(0, "r", "surrogateescape")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "w", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "w", "backslashreplace")  # type: ignore[misc]


class Interpreter:
    """The interpreter's state at one moment, to go back to.

    Made in the worker, before it forks: reading a thousand objects in the forked process would
    copy the pages that hold their reference counts.
    """

    def __init__(self) -> None:
        sys.argv = ["program.py"]
        open_standard_streams()  # they hold nothing yet, and fit whatever 0, 1 and 2 will be
        self.home = "/"
        self.started_threads: list[threading.Thread] = []
        self.recursion_limit = RECURSION_LIMIT
        self.environment = dict(os.environ)
        self.encoded_environment: dict[bytes, bytes] = {}
        self.path = list(sys.path)
        self.signals = _handlers()
        self.threshold = gc.get_threshold()
        self.digits = sys.get_int_max_str_digits()
        self.sys_names = dict(vars(sys))
        self.builtin_names = dict(vars(builtins))
        self.modules = dict(sys.modules)

    def begin(self, home: str, depth: int) -> None:
        """Complete the state in the process of a program.

        Args:
            home: The working directory of programs.
            depth: Frames below a program's first one; they come on top of the recursion limit.
        """
        self.home = home
        self.environment["HOME"] = self.environment["TMPDIR"] = home
        self.encoded_environment = {
            os.fsencode(name): os.fsencode(text) for name, text in self.environment.items()
        }
        self.started_threads = watch_threads()
        self.recursion_limit = RECURSION_LIMIT + depth
        sys.setrecursionlimit(self.recursion_limit)

    def restore(self) -> None:
        """Undo what a program commonly changes."""
        self.started_threads.clear()
        _put_back(vars(sys), self.sys_names)
        _put_back(vars(builtins), self.builtin_names)
        sys.argv = ["program.py"]
        sys.path[:] = self.path
        for name, module in self.modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        if os.environ._data != self.encoded_environment:  # type: ignore[attr-defined]
            os.environ.clear()
            os.environ.update(self.environment)
        sys.setrecursionlimit(self.recursion_limit)
        open_standard_streams()
        sys.set_int_max_str_digits(self.digits)
        _thread.stack_size(0)
        gc.enable()
        gc.set_threshold(*self.threshold)
        sys.settrace(None)
        sys.setprofile(None)
        os.chdir(self.home)
        decimal = sys.modules.get("decimal")
        if decimal is not None:
            decimal.setcontext(decimal.DefaultContext.copy())

    def reusable(self) -> bool:
        """Whether nothing is left running or lying about that could reach the next input."""
        if _thread._count() > 0 or _threading_exits():
            return False
        if _handlers() != self.signals:
            return False
        if signal.getitimer(signal.ITIMER_REAL)[0]:
            return False
        return not _has_children() and self._home_is_clean()

    def _home_is_clean(self) -> bool:
        try:
            return not os.listdir(self.home)
        except OSError:  # the program took away its own right to look
            return False


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in _WATCHED_SIGNALS]


def _put_back(names: dict[str, Any], before: dict[str, Any]) -> None:
    for name in names.keys() - before.keys():
        del names[name]
    names.update(before)


def _threading_exits() -> list[Any]:
    return list(getattr(sys.modules.get("threading"), "_threading_atexits", ()))


def _has_children() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return False
    return True


def threads_at_work() -> list[threading.Thread]:
    """Threads that keep a program alive when its own code has ended."""
    threading = sys.modules.get("threading")
    if threading is None:
        return []
    main = threading.main_thread()
    return [t for t in threading.enumerate() if t is not main and not t.daemon]


def watch_threads() -> list[threading.Thread]:
    """A list that every thread started from now on is added to.

    Whether a thread that nobody waits for still runs when the program's own code has ended is
    a matter of luck; whether somebody waited for it is not.
    """
    started: list[threading.Thread] = []
    name = "start_joinable_thread" if sys.version_info >= (3, 13) else "start_new_thread"
    start = getattr(_thread, name)

    def recorded(run: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(run, types.MethodType):  # of a Thread; bare ones cannot be waited for
            started.append(cast("threading.Thread", run.__self__))
        return start(run, *arguments, **named)

    setattr(_thread, name, recorded)  # from where the module takes it when it is imported
    if "threading" in sys.modules:
        setattr(sys.modules["threading"], f"_{name}", recorded)
    return started


def not_waited_for(started: list[threading.Thread]) -> bool:
    """Whether a thread of the list, daemons apart, was left to itself.

    From Python 3.13 on a thread does not remember whether it was joined: there it counts as
    left while it is alive.
    """
    return any(
        not thread.daemon and not getattr(thread, "_is_stopped", not thread.is_alive())
        for thread in started
    )


def finish() -> None:
    """End a program as CPython does: wait for its threads, run exit handlers, flush."""
    for call in reversed(_threading_exits()):
        call()
    while running := threads_at_work():
        for thread in running:
            thread.join()
    atexit._run_exitfuncs()
    flush()


def flush() -> None:
    """Write out what the standard streams hold back; one that is closed or detached has none."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (ValueError, AttributeError):
            continue


_GLOBAL_LOADS = {
    opcode.opmap[name] for name in ("LOAD_NAME", "LOAD_GLOBAL") if name in opcode.opmap
}
_LOCAL_LOADS = {
    opcode.opmap[name]
    for name in ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF")
    if name in opcode.opmap
}
_STORES = tuple(opcode.opmap[name] for name in ("STORE_ATTR", "DELETE_ATTR"))
_CACHE = opcode.opmap.get("CACHE", 0)
_MODULE_WRITERS = {"setattr", "delattr", "__setattr__", "__dict__", "vars"}


def attribute_owners(code: types.CodeType) -> set[str]:
    """Names whose attributes a program may set: ``heapq`` in ``heapq.heappop = mine``.

    ``*`` stands for a name that only a run could tell.
    """
    owners: set[str] = set()
    if not _MODULE_WRITERS.isdisjoint(code.co_names):
        owners.add("*")
    data = code.co_code
    operations = data[::2]
    for store in _STORES:
        at = operations.find(store)
        while at >= 0:
            before = at - 1
            while before >= 0 and operations[before] == _CACHE:
                before -= 1
            owners |= _loaded_name(code, operations[before], data[2 * before + 1])
            at = operations.find(store, at + 1)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            owners |= attribute_owners(constant)
    return owners


def _loaded_name(code: types.CodeType, operation: int, argument: int) -> set[str]:
    if operation in _GLOBAL_LOADS:
        if operation == opcode.opmap["LOAD_GLOBAL"] and sys.version_info >= (3, 11):
            argument >>= 1
        return {code.co_names[argument]} if argument < len(code.co_names) else {"*"}
    if operation in _LOCAL_LOADS and argument < len(code.co_varnames):
        return {code.co_varnames[argument]}
    return set()


def patched_modules(owners: set[str], names: dict[str, Any]) -> bool:
    """Whether a finished run may have changed a module that outlives it (``sys`` is restored)."""
    if "*" in owners:
        return True
    for owner in owners - {"sys", "self"}:
        value = names.get(owner)
        if isinstance(value, types.ModuleType):
            return True
        if isinstance(value, type) and value.__module__ != "__main__":
            return True
        if owner not in names and owner in sys.modules:
            return True
    return False
