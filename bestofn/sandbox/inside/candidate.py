"""The checking side of the wire: it asks, and believes nothing that it is told."""

from __future__ import annotations

import enum
import os
import select
import socket
from typing import Any

from . import frames, in_place, stand_ins, values

_FLAT = 16  # brackets in a reply; with so few it can make no argument too deep


class ProgramGone(BaseException):
    """The program's process ended within a call; no script may catch this."""


class BadReply(BaseException):
    """The program's process sent what is no reply; no script may catch this."""


class TooBig(BaseException):
    """The program returned more than it may; no script may catch this."""


class Unpassable(BaseException):
    """The script passes what has no plain form; no script may catch this."""


class Candidate:
    """The checking side's end of the wire.

    Args:
        peer: The wire.
        limit: Bytes that a message may have.
        entry_point: The name of what is tested.

    Attributes:
        broken: What the program did that ends the script, whatever the script makes of it.
        unpassable: Whether the script passed what has no plain form.
    """

    def __init__(self, peer: socket.socket, limit: int, entry_point: str) -> None:
        self._peer = peer
        self._limit = limit
        self._entry_point = entry_point
        self.broken: BaseException | None = None
        self.begin({})

    def begin(self, names: dict[str, Any]) -> Any:
        """Get ready for a script; returns what it is to call.

        Args:
            names: What the setup has defined.
        """
        self.unpassable = False
        self._seen_nested = False
        self._busy = False
        self._known: dict[int, tuple[str, Any]] = {}  # what scripts have got, and must not lose
        self._found: dict[str, Any] = {}
        self._unfilled: list[tuple[str, Any]] = []
        self._classes = {
            name: value
            for name, value in names.items()
            if isinstance(value, type) and value.__module__ == "__check__"
        }
        self._whole = self._classes.pop(self._entry_point, None) is not None
        target: Any
        if self._whole:
            target = stand_ins.StandIn(self.ask, "", "type")
        else:
            target = stand_ins.function(self.ask, "", self._entry_point)
        self._known[id(target)] = "", target
        return target

    def ask(self, operation: str, on: str, *arguments: Any, **named: Any) -> Any:
        """Have something done with an object of the program.

        Raises:
            Exception: like whatever the program raised.
        """
        if self.broken is not None:
            raise self.broken
        call = os.urandom(8).hex()
        request = {"call": call, "operation": operation, "on": on}
        request |= self._encoded(list(arguments), named)
        self.listen()
        try:
            frames.send(self._peer, request)
            size = int.from_bytes(frames.receive_exactly(self._peer, frames.HEADER), "big")
            if size > self._limit:
                raise frames.FrameError(f"a frame of {size} bytes")
            body = frames.receive_exactly(self._peer, size)
            reply = frames.parse(body)
        except (frames.EndOfStream, ConnectionError):
            raise self._break(ProgramGone()) from None
        except frames.FrameError as error:
            raise self._break(BadReply(str(error))) from None
        self._seen_nested |= body.count(b"[") + body.count(b"{") > _FLAT
        return self._unpacked(reply, call, on, (arguments, named))

    def listen(self) -> None:
        """Make sure that the program says nothing without being asked.

        Raises:
            BadReply: it does.
            ProgramGone: it has ended.
        """
        if select.select([self._peer], [], [], 0)[0]:
            said = self._peer.recv(1, socket.MSG_PEEK)
            raise self._break(BadReply("a reply came before its call") if said else ProgramGone())

    def _encoded(self, arguments: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        own: list[bool] = []

        def keep(value: Any) -> str | None:
            known = self._known.get(id(value))
            if known is None:
                own.append(not isinstance(value, (values.Opaque, BaseException)))
                return None
            return known[0]

        data = {
            "arguments": values.encode(arguments, keep, exact=True),
            "named": values.encode(named, keep, exact=True),
        }
        if any(map(values.holds_opaque, data.values())):
            if all(own) if own else not self._seen_nested:
                self.unpassable = True
                raise Unpassable
            raise TypeError("an object that the program returned cannot be passed to it")
        return data

    def _unpacked(self, reply: Any, call: str, on: str, passed: tuple[Any, Any]) -> Any:
        if not isinstance(reply, dict) or reply.get("call") != call:
            raise self._break(BadReply("not the answer to this call"))
        changes = reply.pop("changes", ())
        if len(reply) != 2:
            raise self._break(BadReply("not the answer to this call"))
        outermost, self._busy = not self._busy, True
        raised: BaseException | None = None
        value = None
        try:
            for where, data in changes:
                after = values.decode(data, self._find)
                in_place.change(passed[isinstance(where, str)][where], after)
            if "value" in reply:
                value = values.decode(reply["value"], self._find)
            elif "error" in reply:
                raised = self._exception(*reply["error"])
                if isinstance(raised, StopIteration) and on[:1] != "i":
                    # It would end a ``map`` over calls without a word, as if all were done.
                    raised = RuntimeError("the program raised StopIteration")
            else:
                raised = self._break(TooBig())
            while outermost and self._unfilled:
                self._fill(*self._unfilled.pop())
        except (values.MalformedValue, TypeError, ValueError, LookupError) as error:
            raise self._break(BadReply(str(error))) from None
        finally:
            if outermost:
                self._busy = False
                self._found.clear()
                self._unfilled.clear()
        if raised is not None:
            raise raised
        return value

    def _exception(self, lineage: Any, message: Any, arguments: Any) -> BaseException:
        return stand_ins.exception(
            [(str(module), str(name)) for module, name in lineage],
            str(message),
            None if arguments is None else list(values.decode(arguments)),
            self._classes,
        )

    def _find(self, number: str, name: str) -> Any:
        """What a script gets for an object of the program."""
        if number not in self._found:
            value = self._found[number] = self._stand_in(number, name)
            self._known[id(value)] = number, value
        return self._found[number]

    def _stand_in(self, number: str, name: str) -> Any:
        kind = self._classes.get(name)
        if kind is not None and issubclass(kind, enum.Enum):
            return kind.__members__.get(self.ask("get", number, "name"), values.Opaque(name))
        if kind is not None:
            instance = object.__new__(kind)
            self._unfilled.append((number, instance))
            return instance
        if number[:1] == "i":
            return stand_ins.iterator(self.ask, number)
        if self._whole:
            return stand_ins.StandIn(self.ask, number, name)
        if number[:1] == "f":
            return stand_ins.function(self.ask, number, name)
        return values.Opaque(name)

    def _fill(self, number: str, instance: Any) -> None:
        """Give an instance of a class of the setup the attributes that the program's has.

        One after the other instead of within each other: chains may be long, and circular.
        """
        fields = self.ask("fields", number)
        if not isinstance(fields, dict):
            raise TypeError("no attributes")
        for name, value in fields.items():
            if not callable(getattr(type(instance), name, None)):  # what it does is the setup's
                object.__setattr__(instance, name, value)

    def _break(self, problem: BaseException) -> BaseException:
        self.broken = problem
        return problem
