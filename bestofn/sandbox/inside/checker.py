"""Test scripts and the program they test, each in a process of its own, with a wire between.

The program's process serves calls: it sees arguments, never a script or an expected value. The
checking process runs the scripts with stand-ins for what the program has (see
:mod:`.stand_ins`). It trusts nothing that comes back: a reply must be the only one, carry the
number drawn for its call, and hold a plain value or name an object that is stood in for.

A script that passes something without a plain form (a function, a generator, an instance of a
class) cannot be run like that. It is reported as ``unpassable`` and is run again in the program's
own process, where a program made to cheat can read what it expects. So this depends on nothing
that a program does: only what the script itself made counts, neither an object that the program
returned nor an exception it raised, nor the depth or size of an argument that may have been
built from what it returned. Whatever a program returns, no script is run inside for it.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from collections.abc import Callable
from typing import Any

from . import harness, reporting, state
from .candidate import BadReply, Candidate, ProgramGone, TooBig
from .files import read_all
from .serving import REQUEST_SLACK, serve

__all__ = ["check", "serve"]


def check(reporter: reporting.Reporter, _: dict[str, Any]) -> None:
    """Run one script after the other against the program at the end of the present wire."""
    token = reporter.next_run()
    reporter.report(token, "ok")
    bench: _Bench | None = None
    channel = socket.socket(fileno=reporting.PEER)
    while True:
        token = reporter.next_run()
        bench = _next_bench(channel, bench)
        script = json.loads(reporter.read_input())
        status, error = _run_script(script, bench)
        broken = bench.candidate.broken
        if isinstance(broken, TooBig):
            status, error = "output", "the value returned is too big"
        elif isinstance(broken, BadReply):
            status, error = "crash", f"malformed reply: {broken}"
        unpassable = bench.candidate.unpassable and broken is None
        if unpassable:
            status, error = "exception", "TypeError: an argument has no plain form"
        # What a script says may hold what it expects: it goes past the worker, from which the
        # processes of programs are made, as answers do.
        said = error.encode("utf-8", "backslashreplace")[: bench.longest_error]
        reporter.report(
            token,
            status,
            answer=said,
            reuse=broken is None and status in ("ok", "exception") and not state.threads_at_work(),
            gone=isinstance(broken, ProgramGone),
            unpassable=unpassable,
        )


class _Bench:
    """What scripts are run against: a wire to a program, and what they build on."""

    def __init__(self, wire: int, setup: int, inputs: int, answers: int) -> None:
        for given, target in ((inputs, reporting.INPUT), (answers, reporting.OUTPUT)):
            os.dup2(given, target, inheritable=False)
            os.close(given)
        settings = json.loads(read_all(setup, reporting.UNLIMITED))
        os.close(setup)
        self.setup: str = settings["setup"]
        self.entry_point: str = settings["entry_point"]
        self.longest_error = min(2000, settings["output_bytes"])
        self.wire = socket.socket(fileno=wire)
        self.candidate = Candidate(
            self.wire, settings["output_bytes"] + REQUEST_SLACK, self.entry_point
        )


def _next_bench(channel: socket.socket, present: _Bench | None) -> _Bench:
    """The last one that was handed over, or the present one if none was."""
    while select.select([channel], [], [], 0)[0] or present is None:
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 4)
        if present is not None:
            present.wire.close()
        present = _Bench(*descriptors)
    return present


def _run_script(script: str, bench: _Bench) -> tuple[str, str]:
    names = harness.new_module("__check__").__dict__
    try:
        run_script(script, bench.setup, names, bench.entry_point, bench.candidate.begin)
        bench.candidate.listen()
    except harness.Ended as ended:
        return ended.status, ended.error
    except BaseException as error:
        status, text = harness.outcome_of(error)
        if status == "ok":
            return "exit", "SystemExit: the test script ended itself"
        return status, text
    finally:
        names.clear()
        sys.setrecursionlimit(state.RECURSION_LIMIT + harness.frame_depth())
    return "ok", ""


def run_script(
    script: str,
    setup: str,
    names: dict[str, Any],
    entry_point: str,
    target: Callable[[dict[str, Any]], Any],
) -> None:
    """Run a setup, then a script that finds what it tests.

    Args:
        script: The script. If it defines ``check``, that is called.
        setup: What it builds on.
        names: Where both run.
        entry_point: The name of what is tested, also found as ``candidate``.
        target: Gives what is tested, from the names that the setup has defined.

    Raises:
        BaseException: whatever the script raised: it failed.
    """
    exec(harness.compile_source(setup, "setup.py"), names)
    tested = target(names)
    names["candidate"] = names[entry_point] = tested
    names.pop("check", None)
    exec(harness.compile_source(script, "check.py"), names)
    if callable(names.get("check")):
        names["check"](tested)
