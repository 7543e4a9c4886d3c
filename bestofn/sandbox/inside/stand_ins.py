"""What test scripts hold in place of a program's objects.

A plain value crosses the wire; anything else that a program returns stays in its process, and
the script gets a stand-in. An iterator becomes a generator that asks for one item after the
other, something callable a function that passes the call on. An instance of a class that the
script's setup defines too becomes an instance of the setup's class with the program's attributes.
Where the setup says that the entry point is a class, its objects' attributes, items and
conversions can be asked for as well; any other object is opaque: were its methods asked for, one
whose ``startswith`` always agrees would pass. No comparison is ever left to the program.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from typing import Any

Ask = Callable[..., Any]
"""Asks for an operation on the object with a number."""


class StandIn:
    """An object of a program whose entry point is a class, or that class.

    Args:
        ask: The wire.
        number: By which the program's side knows the object.
        type_name: Its type's name.
    """

    __slots__ = ("_ask", "_number", "_type_name")

    def __init__(self, ask: Ask, number: str, type_name: str) -> None:
        self._ask = ask
        self._number = number
        self._type_name = type_name

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{self._type_name!r} object of the program: no {name!r} here")
        return self._ask("get", self._number, name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it; a class makes an object."""
        return self._ask("call", self._number, *arguments, **named)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", self._number, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ask("iter", self._number))

    def __len__(self) -> int:
        length: int = self._ask("len", self._number)
        return length

    def __bool__(self) -> bool:
        return self._ask("bool", self._number) is True

    def __int__(self) -> int:
        number: int = self._ask("int", self._number)
        return number

    def __float__(self) -> float:
        number: float = self._ask("float", self._number)
        return number

    def __str__(self) -> str:
        text: str = self._ask("str", self._number)
        return text

    def __repr__(self) -> str:
        text: str = self._ask("repr", self._number)
        return text


def function(ask: Ask, number: str, name: str) -> Callable[..., Any]:
    """Stands for a function of the program, or another object that can be called."""

    def call(*arguments: Any, **named: Any) -> Any:
        return ask("call", number, *arguments, **named)

    call.__name__ = call.__qualname__ = name
    return call


def iterator(ask: Ask, number: str) -> Iterator[Any]:
    """Stands for an iterator of the program, however long."""
    while True:
        try:
            item = ask("next", number)
        except StopIteration:
            return
        yield item


def exception(
    lineage: list[tuple[str, str]], message: str, arguments: list[Any] | None, own: dict[str, Any]
) -> BaseException:
    """An exception like the program's.

    Args:
        lineage: Module and name of its type and of the types it derives from.
        message: Its text.
        arguments: Its arguments, if they could be passed.
        own: Classes of the script's setup, by name.

    Returns:
        One of the very type where the setup, Python or a module that the script imported has
        it; else one of a new type with the same name, derived from the first that is known.
    """
    kind: Any
    for place, (module, name) in enumerate(lineage):
        kind = own.get(name) if module == "__candidate__" else _library_class(module, name)
        if not _is_usable(kind):
            continue
        if place:
            kind = type(lineage[0][1].replace("\0", ""), (kind,), {"__module__": "__candidate__"})
        made = _make(kind, [message] if arguments is None else arguments)
        if made is not None:
            return made
    return RuntimeError(message)


def _make(kind: type[BaseException], arguments: list[Any]) -> BaseException | None:
    try:
        return kind(*arguments)
    except (TypeError, ValueError):  # it wants others than those that it keeps
        pass
    try:
        error = kind.__new__(kind)
    except TypeError:
        return None
    error.args = tuple(arguments)
    return error


def _is_usable(kind: Any) -> bool:
    if not isinstance(kind, type):
        return False
    return issubclass(kind, Exception) or kind is SystemExit or kind is KeyboardInterrupt


def _library_class(module: str, name: str) -> Any:
    if module == "builtins":
        return vars(builtins).get(name)
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return None
    return getattr(sys.modules.get(module), name, None)
