"""One run of a program in a process with nothing around it: level ``unsafe``, on any system.

The parts that processes play are the same as behind isolation; what differs is where they find
their program and input, and where they put what came of it: in files of a directory.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from . import harness, official, reporting, scripts_inside, state, unittests

PROGRAM, INPUT, ANSWER, REPORT = "program.json", "input", "answer", "report.json"
_ROLES: dict[str, harness.Role] = {
    "call": harness.run_calls,
    "inside": scripts_inside.run,
    "unittest": unittests.run,
    "official": official.run,
}


class PlainReporter(reporting.Reporter):
    """Reads and writes files where others talk to a worker.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = os.getpid()
        self._loaded = False

    def next_input(self) -> None:
        """There is only one."""

    def next_run(self) -> str:
        """Loading comes first, then the only run."""
        return "run" if self._loaded else "load"

    def read_input(self) -> bytes:
        """The input of the run."""
        return (self._folder / INPUT).read_bytes()

    def report(
        self,
        token: str,
        status: str,
        error: str = "",
        *,
        reuse: bool = True,  # noqa: ARG002 - the process ends in any case
        threads_left: bool = False,
        gone: bool = False,  # noqa: ARG002
        unpassable: bool = False,
        answer: bytes = b"",
        printed: int | None = None,  # noqa: ARG002 - it is in a file already
    ) -> None:
        """Write down how the run ended, or that loading failed, and end."""
        if self.forked():
            os._exit(0 if status == "ok" else 1)
        if token == "load" and status == "ok":
            self._loaded = True
            return
        marks = {"threads_left": threads_left, "unpassable": unpassable}
        (self._folder / ANSWER).write_bytes(answer)
        result = {
            "status": status,
            "error": error,
            "marks": [name for name, is_set in marks.items() if is_set],
        }
        (self._folder / REPORT).write_text(json.dumps(result), encoding="ascii")
        os._exit(0)


def run_stdin(reporter: PlainReporter, program: dict[str, Any]) -> None:
    """Run the program as ``__main__``."""
    token = reporter.next_run()
    state.open_standard_streams()
    try:
        preamble = harness.compile_source(program["preamble"], "preamble.py")
        code = harness.compile_source(program["source"])
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    reporter.report(token, "ok")
    module = harness.new_module("__main__")
    started = state.watch_threads()
    status, error, threads_left = harness.run_main(preamble, code, module.__dict__, started)
    module.__dict__.clear()  # open files are flushed
    state.flush()
    reporter.report(reporter.next_run(), status, error, threads_left=threads_left)


def main(role: str, folder: str) -> None:
    """Play one role once; never returns.

    Args:
        role: ``stdin``, or one of those that need no other process.
        folder: Holds the program and the input, and takes the report.
    """
    reporter = PlainReporter(Path(folder))
    program = json.loads((Path(folder) / PROGRAM).read_bytes())
    sys.argv = ["program.py"]
    sys.setrecursionlimit(state.RECURSION_LIMIT + harness.frame_depth())
    if role == "stdin":
        run_stdin(reporter, program)
    else:
        _ROLES[role](reporter, program)
    os._exit(1)
