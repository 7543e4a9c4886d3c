"""The program's side of the wire to the scripts that test it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from . import frames, harness, in_place, reporting, values

REQUEST_SLACK = 1 << 20
"""Bytes of a message around the values in it."""
_ARGUMENTS = 8  # of an exception; one with more is known by its text


class _Kept:
    """Objects of the program that scripts hold stand-ins for, by number."""

    def __init__(self, maker: Callable[[], Any]) -> None:
        self._maker = maker
        self._objects: list[Any] = []
        self._numbers: dict[int, str] = {}

    def keep(self, value: Any) -> str:
        """A number for an object; a leading letter says what can be done with it."""
        number = self._numbers.get(id(value))
        if number is None:
            kind = type(value)
            letter = "i" if hasattr(kind, "__next__") else "f" if callable(value) else "o"
            number = self._numbers[id(value)] = f"{letter}{len(self._objects)}"
            self._objects.append(value)
        return number

    def find(self, number: str, _: str = "") -> Any:
        """The object with a number; the function under test has none."""
        return self._objects[int(number[1:])] if number else self._maker()


def _fields(value: Any) -> dict[str, Any]:
    fields = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                fields[name] = getattr(value, name)
    return fields


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *arguments, **named: target(*arguments, **named),
    "next": next,
    "iter": iter,
    "get": getattr,
    "item": lambda target, key: target[key],
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "repr": repr,
    "fields": _fields,
}


def serve(reporter: reporting.Reporter, program: dict[str, Any]) -> None:
    """Load the program and answer calls until the other side hangs up."""
    token = reporter.next_run()
    try:
        module = harness.load(program["source"], program["preamble"], "__candidate__")
        maker = harness.find_function(module, program["entry_point"])
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    reporter.report(token, "ok")
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, reporting.PEER)
    limit = int(program["output_bytes"]) + REQUEST_SLACK
    kept = _Kept(maker)
    while True:
        try:
            request = frames.receive(peer, limit)
        except frames.EndOfStream:
            return
        body = json.dumps(_answer(kept, request), separators=(",", ":")).encode()
        if len(body) > limit:
            body = json.dumps({"call": request["call"], "big": True}).encode()
        peer.sendall(len(body).to_bytes(frames.HEADER, "big") + body)


def _answer(kept: _Kept, request: dict[str, Any]) -> dict[str, Any]:
    arguments = values.decode(request["arguments"], kept.find)
    named = values.decode(request["named"], kept.find)
    answer: dict[str, Any] = {"call": request["call"]}
    try:
        operation = _OPERATIONS[request["operation"]]
        result = operation(kept.find(request["on"]), *arguments, **named)
        answer["value"] = values.encode(result, kept.keep)
    except BaseException as error:
        error.__traceback__ = None
        answer["error"] = _described(error)
    passed = (*enumerate(arguments), *named.items())
    mutable = [(where, value) for where, value in passed if in_place.can_change(value)]
    if mutable:
        before = {**dict(enumerate(request["arguments"])), **dict(request["named"]["v"])}
        after = {where: values.encode(value, kept.keep) for where, value in mutable}
        changes = [[where, data] for where, data in after.items() if data != before[where]]
        if changes:
            answer["changes"] = changes
    return answer


def _described(error: BaseException) -> list[Any]:
    lineage = [[str(kind.__module__), kind.__name__] for kind in type(error).__mro__[:-1]]
    few = len(error.args) < _ARGUMENTS
    arguments = values.encode(list(error.args)) if few else None
    if values.holds_opaque(arguments):
        arguments = None
    return [lineage, harness.describe(error).partition(": ")[2], arguments]
