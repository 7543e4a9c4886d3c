"""Processes for programs that are not Python: one compiles, the others become the program.

Up to the moment when the compiler or the program is executed this side can be trusted, and the
descriptor for reports is closed by that very step: a report is never the program's word.
"""

from __future__ import annotations

import math
import os
import resource
import signal
from typing import Any

from . import reporting
from .files import read_all
from .reporting import Reporter

EXECUTABLE = reporting.PEER
"""The compiled program's descriptor."""
_ERROR_LINES = 12
_ERROR_BYTES = 4000


def compile_program(reporter: Reporter, program: dict[str, Any]) -> None:
    """Write the source into the private place, compile it there, hand over what came of it.

    A report of a crash says that the compiler could not even be started.
    """
    token = reporter.next_run()
    write_file(program["file"], program["source"].encode("utf-8", "surrogatepass"))
    command = program["compile"]
    # Each pass of a compiler ends by itself, should nobody be left to end it.
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(program["compile_seconds"]) + 1,) * 2)
    try:
        compiler = os.posix_spawn(command[0], command, _environment(), setsigdef=(signal.SIGPIPE,))
    except OSError as error:
        reporter.report(token, "crash", f"the compiler {command[0]} does not start: {error}")
        return
    status = os.waitstatus_to_exitcode(os.waitpid(compiler, 0)[1])
    wrong = _first_lines() or f"the compiler ended with {status}" if status else ""
    if not wrong:
        try:
            _hand_over(program["product"])
        except OSError as error:
            wrong = f"{program['product']} cannot be taken: {error.strerror}"
    if wrong:
        reporter.report(token, "exception", f"CompileError: {wrong}")
    else:
        reporter.report(token, "ok")


def become_program(reporter: Reporter, program: dict[str, Any]) -> None:
    """Prepare everything, wait for the input, become the program.

    The only report after that of being ready is a crash: the program could not be executed.
    """
    token = reporter.next_run()
    command = program["run"]
    if command is not None and program["compile"] is not None:
        write_file(program["product"], read_all(EXECUTABLE, reporting.UNLIMITED))
    elif command is not None:
        write_file(program["file"], program["source"].encode("utf-8", "surrogatepass"))
    environment = _environment()
    reporter.report(token, "ok")
    token = reporter.next_run()
    reporting.StandardFiles().begin(reporter)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that is inherited
    try:
        _set_limits(program)
        if command is None:
            os.execve(EXECUTABLE, [program["product"]], environment)
        else:
            os.execve(command[0], command, environment)
    except OSError as error:
        reporter.report(token, "crash", f"the program cannot be executed: {error}")


def write_file(name: str, data: bytes) -> None:
    """Make a file in the private place."""
    with open(name, "xb") as file:
        file.write(data)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _set_limits(program: dict[str, Any]) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    stack = program["stack_bytes"]
    stack = stack if most == resource.RLIM_INFINITY else min(stack, most)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
    if program["data_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (program["data_bytes"],) * 2)


def _first_lines() -> str:
    text = read_all(reporting.ERRORS, _ERROR_BYTES).decode("utf-8", "replace")
    return "\n".join(text.strip().splitlines()[:_ERROR_LINES])


def _hand_over(name: str) -> None:
    product = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        size, sent = os.fstat(product).st_size, 0
        while sent < size:
            sent += os.sendfile(reporting.OUTPUT, product, sent, size - sent)
    finally:
        os.close(product)
