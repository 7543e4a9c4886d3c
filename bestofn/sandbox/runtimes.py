"""Languages other than Python: what compiles and runs their programs.

Python programs are forks of a warm interpreter and need nothing from here. Every other program
is an executable file, or a text that an executable file reads: a :class:`Runtime` says which.
"""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..errors import InvalidInput, SandboxUnavailable
from .inside.namespaces import readable_paths
from .types import Limits

PYTHON = "python"
"""The language that needs no runtime."""

COMPILE_SECONDS = 30.0
"""Wall-clock seconds for compiling one program; runs have their own limits."""

SEARCHED = "/usr/local/bin:/usr/bin:/bin"
"""Where commands are looked for: what programs see of the machine, whoever the caller is."""


class Commands(NamedTuple):
    """Commands as they are executed, with full paths; None where there is none."""

    compile: tuple[str, ...] | None
    run: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How programs of one language are compiled and run; on standard input only.

    A program is compiled once a job, confined like a program, in an empty directory that holds
    its source; then every input gets a process of its own. A compiler that ends with anything
    but 0, or needs more than :data:`COMPILE_SECONDS`, makes it a program that raises
    ``CompileError``.

    Attributes:
        name: What :attr:`bestofn.sandbox.StdinJob.language` and ``Candidate.language`` say.
        source_file: Name of the file that the source is written to.
        compile_command: The compiler and its arguments; it is run where the source is, and must
            write ``product``. None where nothing is compiled.
        product: Name of the one file that the compiler writes.
        run_command: What runs the program, in a directory that holds the product, or the source
            where nothing is compiled. None executes the product itself.
        install: What to install when a command is not there, in words.
        reserved_bytes: For virtual machines that reserve far more addresses than they use: if
            not 0, ``Limits.memory_bytes`` bounds the memory that can be written to, and so much
            more address space is allowed. If 0, it bounds the address space, as for Python.
        stack_bytes: The main thread's stack, and what other threads get by default.
        memory_signs: What a program that died writes to its standard error when, and only when,
            it got no more memory.

    Raises:
        InvalidInput: a field cannot be used.
    """

    name: str
    source_file: str
    compile_command: tuple[str, ...] | None = None
    product: str = "program"
    run_command: tuple[str, ...] | None = None
    install: str = ""
    reserved_bytes: int = 0
    stack_bytes: int = 8 << 20
    memory_signs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("source_file", "product"):
            text = getattr(self, field)
            if not (isinstance(text, str) and text and PurePosixPath(text).name == text):
                raise InvalidInput(f"Runtime.{field}", f"must be the name of a file, got {text!r}")
        if not isinstance(self.name, str) or not self.name.strip():
            raise InvalidInput("Runtime.name", f"must be a name, got {self.name!r}")
        for field in ("compile_command", "run_command"):
            command = getattr(self, field)
            if command is not None and not _is_command(command):
                raise InvalidInput(
                    f"Runtime.{field}", "must be a tuple of a command and its arguments, or None"
                )
        if self.compile_command is None and self.run_command is None:
            raise InvalidInput("Runtime.run_command", "is needed where nothing is compiled")
        for field, least in (("reserved_bytes", 0), ("stack_bytes", 1 << 16)):
            number = getattr(self, field)
            if not isinstance(number, int) or number < least:
                raise InvalidInput(f"Runtime.{field}", f"must be at least {least}, got {number!r}")

    def commands(self) -> Commands:
        """The commands as they are on this machine.

        Raises:
            SandboxUnavailable: one is not installed, or not where programs can see it; the
                error says what to do.
        """
        return Commands(self._found(self.compile_command), self._found(self.run_command))

    def _found(self, command: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if command is None:
            return None
        path = shutil.which(command[0], path=SEARCHED)
        if path is None:
            advice = f": install {self.install}" if self.install else ""
            raise SandboxUnavailable(
                f"{self.name} programs need the command {command[0]!r}, which is not there (looked "
                f"in {SEARCHED.replace(':', ', ')}){advice}"
            )
        real = os.path.realpath(path)
        if not any(real.startswith(folder + "/") for folder in _visible()):
            raise SandboxUnavailable(
                f"{self.name} programs need {real}, which lies outside of what programs can see: "
                f"it must be below {', '.join(_visible())}"
            )
        return (path, *command[1:])


def _is_command(command: object) -> bool:
    return (
        isinstance(command, tuple)
        and bool(command)
        and all(isinstance(part, str) and "\0" not in part for part in command)
        and bool(command[0])
    )


@functools.cache
def _visible() -> tuple[str, ...]:
    return tuple(path for path in readable_paths() if os.path.isdir(path))


CPP = Runtime(
    name="cpp",
    source_file="program.cpp",
    compile_command=("g++", "-std=gnu++17", "-O2", "-pipe", "-o", "program", "program.cpp"),
    install="g++ (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)",
    stack_bytes=256 << 20,
    memory_signs=("std::bad_alloc", "std::bad_array_new_length"),
)
"""C++17 with GNU extensions, as programming contests compile it; recursion may go 256 MiB deep,
which leaves room for 15 threads in the usual 4 GiB of address space."""

JAVASCRIPT = Runtime(
    name="javascript",
    source_file="program.js",
    # Its cryptography otherwise refuses to start where it may not read its settings.
    run_command=("node", "--openssl-config=/dev/null", "program.js"),
    install="Node.js (Debian, Ubuntu: apt-get install nodejs; or from nodejs.org into /usr/local)",
    reserved_bytes=2 << 30,
    memory_signs=(
        "JavaScript heap out of memory",
        "Array buffer allocation failed",
        "Fatal process OOM",
    ),
)
"""JavaScript as CommonJS, run by node. It reserves 0.7 GiB of addresses, and as much for each of
its worker threads, to use 0.05 GiB: ``memory_bytes`` bounds what it can write to."""

_RUNTIMES = {runtime.name: runtime for runtime in (CPP, JAVASCRIPT)}


def languages() -> tuple[str, ...]:
    """The names that ``StdinJob.language`` and ``Candidate.language`` may have."""
    return (PYTHON, *_RUNTIMES)


def runtime_named(name: str) -> Runtime:
    """The runtime of a language.

    Raises:
        InvalidInput: there is none of that name; lists those that there are.
    """
    runtime = _RUNTIMES.get(name)
    if runtime is None:
        raise InvalidInput(
            "language", f"has no runtime {name!r}; there are {', '.join(_RUNTIMES)} (add_runtime)"
        )
    return runtime


def add_runtime(runtime: Runtime) -> None:
    """Make a language known by its name, in this process.

    Raises:
        InvalidInput: the name stands for another runtime already.
    """
    if not isinstance(runtime, Runtime):
        raise InvalidInput("runtime", f"must be a Runtime, got {type(runtime).__name__}")
    if runtime.name == PYTHON or _RUNTIMES.setdefault(runtime.name, runtime) != runtime:
        raise InvalidInput("Runtime.name", f"{runtime.name!r} is taken; choose another")


class Orders(NamedTuple):
    """What is sent along with a program: for its processes, and for the worker itself."""

    processes: dict[str, Any]
    worker: dict[str, Any]


def orders_for(runtime: Runtime, limits: Limits) -> Orders:
    """A runtime as :mod:`.inside.native` and :mod:`.inside.native_job` know it.

    Raises:
        SandboxUnavailable: a command is not there.
    """
    commands = runtime.commands()
    processes = {
        "file": runtime.source_file,
        "product": runtime.product,
        "compile": commands.compile,
        "compile_seconds": COMPILE_SECONDS,
        "run": commands.run,
        "stack_bytes": runtime.stack_bytes,
        "data_bytes": limits.memory_bytes if runtime.reserved_bytes else None,
    }
    worker = {
        "compiled": runtime.compile_command is not None,
        "compile_seconds": COMPILE_SECONDS,
        "reserved_bytes": runtime.reserved_bytes,
        "memory_signs": runtime.memory_signs,
    }
    return Orders(processes, worker)
