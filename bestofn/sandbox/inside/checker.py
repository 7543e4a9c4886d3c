"""Test scripts and the program they test, each in a process of its own, with a wire between.

The program's process serves calls: it sees arguments, never a script or an expected value. The
checking process runs the scripts with a stand-in for the program's function. It trusts nothing
that comes back: a reply must be the only one, carry the number drawn for its call, and hold a
plain value.
"""

from __future__ import annotations

import builtins
import json
import os
import select
import socket
import sys
from typing import Any

from . import frames, harness, state, values
from .files import read_all

_REQUEST_SLACK = 1 << 20  # bytes around a value in a message


class ProgramGone(BaseException):
    """The program's process ended within a call; no script may catch this."""


class BadReply(BaseException):
    """The program's process sent what is no reply; no script may catch this."""


class TooBig(BaseException):
    """The program returned more than it may; no script may catch this."""


class RemoteError(RuntimeError):
    """An exception of the program that is not one of Python's own.

    Args:
        name: Its type's name.
        message: Its text.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.wire_name = name


def serve(reporter: harness.Reporter, program: dict[str, Any]) -> None:
    """Load the program and answer calls until the other side hangs up."""
    token = reporter.next_run()
    try:
        module = harness.load(program["source"], program["preamble"], "__candidate__")
        maker = harness.find_function(module, program["entry_point"])
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    reporter.report(token, "ok")
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, harness.PEER)
    limit = int(program["output_bytes"]) + _REQUEST_SLACK
    while True:
        try:
            request = frames.receive(peer, limit)
        except frames.EndOfStream:
            return
        answer = _call(maker, values.decode(request["arguments"]), values.decode(request["named"]))
        body = json.dumps({"call": request["call"], **answer}, separators=(",", ":")).encode()
        if len(body) > limit:
            small = {"call": request["call"], "big": True}
            body = json.dumps(small).encode()
        peer.sendall(len(body).to_bytes(frames.HEADER, "big") + body)


def _call(maker: Any, arguments: Any, named: Any) -> dict[str, Any]:
    try:
        return {"value": values.encode(maker()(*arguments, **named))}
    except BaseException as error:
        error.__traceback__ = None
        return {
            "error": [
                type(error).__name__[:200],
                harness.describe(error).partition(": ")[2],
                values.encode(error.args) if len(error.args) < 8 else None,
            ]
        }


class Candidate:
    """Stands for the program's function; what is passed to it and returned are plain values."""

    def __init__(self, peer: socket.socket, limit: int, name: str) -> None:
        self._peer = peer
        self._limit = limit
        self.broken: BaseException | None = None
        self.__name__ = self.__qualname__ = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the program's function.

        Raises:
            TypeError: an argument is not a plain value.
            Exception: whatever the program raised, if Python has it; else :class:`RemoteError`.
        """
        call = os.urandom(8).hex()
        request = {
            "call": call,
            "arguments": values.encode(list(arguments)),
            "named": values.encode(named),
        }
        if values.holds_opaque(request["arguments"]) or values.holds_opaque(request["named"]):
            raise TypeError("only plain values can be passed to a program under test")
        if select.select([self._peer], [], [], 0)[0]:
            raise self._break(self._gone_or("a reply came before its call"))
        try:
            frames.send(self._peer, request)
            reply = frames.receive(self._peer, self._limit)
        except (frames.EndOfStream, ConnectionError):
            raise self._break(ProgramGone()) from None
        except frames.FrameError as error:
            raise self._break(BadReply(str(error))) from None
        return self._unpack(reply, call)

    def _gone_or(self, problem: str) -> BaseException:
        return BadReply(problem) if self._peer.recv(1, socket.MSG_PEEK) else ProgramGone()

    def _unpack(self, reply: Any, call: str) -> Any:
        if not isinstance(reply, dict) or reply.get("call") != call or len(reply) != 2:
            raise self._break(BadReply("not the answer to this call"))
        try:
            if "value" in reply:
                return values.decode(reply["value"])
            if "error" in reply:
                name, message, arguments = reply["error"]
                raised: BaseException = _exception(str(name), str(message), arguments)
            else:
                raised = self._break(TooBig())
        except (values.MalformedValue, TypeError, ValueError) as error:
            raise self._break(BadReply(str(error))) from None
        raise raised

    def _break(self, problem: BaseException) -> BaseException:
        self.broken = problem
        return problem


def _exception(name: str, message: str, arguments: Any) -> Exception:
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return RemoteError(name, message)
    try:
        error: Exception = kind(*(values.decode(arguments) if arguments is not None else ()))
    except (TypeError, ValueError):
        return RemoteError(name, message)
    return error


def check(reporter: harness.Reporter, _: dict[str, Any]) -> None:
    """Run one script after the other against the program at the end of the present wire."""
    token = reporter.next_run()
    reporter.report(token, "ok")
    bench: _Bench | None = None
    channel = socket.socket(fileno=harness.PEER)
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
        reporter.report(
            token,
            status,
            error,
            reuse=broken is None and status in ("ok", "exception") and not state.threads_at_work(),
            gone=isinstance(broken, ProgramGone),
        )


class _Bench:
    """What scripts are run against: a wire to a program, and what they build on."""

    def __init__(self, wire: int, setup: int) -> None:
        settings = json.loads(read_all(setup, harness.UNLIMITED))
        os.close(setup)
        self.setup: str = settings["setup"]
        self.entry_point: str = settings["entry_point"]
        self.wire = socket.socket(fileno=wire)
        self.candidate = Candidate(
            self.wire, settings["output_bytes"] + _REQUEST_SLACK, self.entry_point
        )


def _next_bench(channel: socket.socket, present: _Bench | None) -> _Bench:
    """The last one that was handed over, or the present one if none was."""
    while select.select([channel], [], [], 0)[0] or present is None:
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 2)
        if present is not None:
            present.wire.close()
        present = _Bench(*descriptors)
    return present


def _run_script(script: str, bench: _Bench) -> tuple[str, str]:
    module = harness.new_module("__check__")
    names = module.__dict__
    try:
        exec(harness.compile_source(bench.setup, "setup.py"), names)
        names["candidate"] = names[bench.entry_point] = bench.candidate
        names.pop("check", None)
        exec(harness.compile_source(script, "check.py"), names)
        if callable(names.get("check")):
            names["check"](bench.candidate)
    except harness.Ended as ended:
        return ended.status, ended.error
    except BaseException as error:
        status, text = harness.outcome_of(error)
        return (
            ("exit", "SystemExit: the test script ended itself")
            if status == "ok"
            else (
                status,
                text,
            )
        )
    finally:
        names.clear()
        sys.setrecursionlimit(state.RECURSION_LIMIT + harness.frame_depth())
    return "ok", ""
