"""Plain Python values as JSON and back, so that no object of a program crosses a wire.

JSON's own types stand for themselves; everything else is an object ``{"t": kind, "v": ...}``.
What is not a plain value, is cyclic, or is too deep or too big becomes an :class:`Opaque`,
which names its type and never equals anything: an object with an ``__eq__`` that always agrees
gains nothing. Containers of a program's own subclasses are read through the base class.
"""

from __future__ import annotations

import json
import math
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

MAX_DEPTH = 100
MAX_NODES = 4_000_000  # a container counts as much as some of its items
_CONTAINER = 8
_JSON_INT = 10**4000  # Python refuses to read longer decimal integers
_ATOMS = frozenset({int, str, bool, type(None)})


class MalformedValue(ValueError):
    """The JSON at hand is not what :func:`encode` produces."""


class Opaque:
    """Stands for a value that cannot be passed over.

    Args:
        type_name: The value's type, and why it could not be passed when that is not obvious.
    """

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __repr__(self) -> str:
        return f"<opaque {self.type_name}>"


class _Refused(Exception):
    """The value as a whole cannot be passed; the text says why."""


class _Encoder:
    def __init__(self) -> None:
        self.nodes = 0
        self.open: set[int] = set()

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _ATOMS or isinstance(value, (int, str)):
            return _encode_atom(value)
        if isinstance(value, float):
            return _encode_float(value)
        if value is None:
            return None
        if isinstance(value, complex):
            number = complex.__pos__(value)
            return {"t": "complex", "v": [_encode_float(number.real), _encode_float(number.imag)]}
        if isinstance(value, (bytes, bytearray)):
            self._count(len(value) // 64)
            return {"t": "bytes", "v": bytes(memoryview(value)).hex()}
        if isinstance(value, range):
            return {"t": "range", "v": [_encode_atom(n) for n in _range_parts(value)]}
        if kind is _kind_of("decimal", "Decimal"):
            return {"t": "decimal", "v": str(value)}
        if kind is _kind_of("fractions", "Fraction"):
            parts = (value.numerator, value.denominator)
            return {"t": "fraction", "v": [_encode_atom(n) for n in parts]}
        if isinstance(value, (list, tuple, set, frozenset, dict, deque)):
            return self._container(value, depth)
        if kind.__module__ == "numpy" and callable(getattr(value, "tolist", None)):
            plain = value.tolist()
            if type(plain) is not kind:
                return self.encode(plain, depth + 1)
        return {"t": "opaque", "v": _name(value)}

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise _Refused("nested too deep")
        if id(value) in self.open:
            raise _Refused("contains itself")
        self.open.add(id(value))
        try:
            if isinstance(value, dict):
                self._count(2 * dict.__len__(value) + _CONTAINER)
                pairs = [
                    [self.encode(key, depth + 1), self.encode(item, depth + 1)]
                    for key, item in list(dict.items(value))
                ]
                return {"t": "dict", "v": pairs}
            for base, tag in _SEQUENCES:
                if isinstance(value, base):
                    items = self._items(base.__iter__(value), depth)
                    return {"t": tag, "v": items} if tag else items
        finally:
            self.open.discard(id(value))
        raise AssertionError("a container without an encoding")

    def _items(self, source: Iterable[Any], depth: int) -> list[Any]:
        items = list(source)
        self._count(len(items) + _CONTAINER)
        kinds = set(map(type, items))
        # The common long lists go to the JSON writer as they are.
        if kinds == {int} and min(items) > -_JSON_INT and max(items) < _JSON_INT:
            return items
        if kinds == {str} and "".join(items).isascii():
            return items
        return [self.encode(item, depth + 1) for item in items]

    def _count(self, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _Refused("too big")


def _kind_of(module: str, name: str) -> Any:
    """A class that values can only be of where somebody has imported its module."""
    return getattr(sys.modules.get(module), name, None)


_SEQUENCES: tuple[tuple[Any, str], ...] = (
    (list, ""),
    (deque, ""),
    (tuple, "tuple"),
    (set, "set"),
    (frozenset, "frozenset"),
)


def _range_parts(value: range) -> tuple[int, int, int]:
    return value.start, value.stop, value.step


def _encode_atom(value: Any) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        plain = int.__pos__(value)
        return plain if -_JSON_INT < plain < _JSON_INT else {"t": "int", "v": hex(plain)}
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # two lone halves side by side would come back as one character
        return {"t": "str", "v": text.encode("utf-32-le", "surrogatepass").hex()}
    return text


def _encode_float(value: float) -> Any:
    plain = float.__pos__(value)
    return plain if math.isfinite(plain) else {"t": "float", "v": repr(plain)}


def _name(value: Any) -> str:
    name = getattr(type(value), "__name__", "object")
    return name[:100] if type(name) is str and name.isascii() else "object"


def encode(value: Any) -> Any:
    """A value as JSON-ready data.

    Values that cannot be passed become, whole or in part, what decodes to :class:`Opaque`.
    """
    try:
        return _Encoder().encode(value, 0)
    except _Refused as reason:
        return {"t": "opaque", "v": f"{_name(value)}: {reason}"}
    except (RecursionError, RuntimeError) as error:
        return {"t": "opaque", "v": f"{_name(value)}: {type(error).__name__}"}


def holds_opaque(data: Any) -> bool:
    """Whether encoded data lost something on the way."""
    if isinstance(data, list):
        return any(isinstance(item, (list, dict)) and holds_opaque(item) for item in data)
    if isinstance(data, dict):
        return data["t"] == "opaque" or holds_opaque(data["v"])
    return False


def dumps(value: Any) -> bytes:
    """A value as JSON bytes."""
    return json.dumps(encode(value), separators=(",", ":")).encode("ascii")


def loads(data: bytes | bytearray) -> Any:
    """The value in JSON bytes.

    Raises:
        MalformedValue: they do not hold one.
    """
    try:
        return decode(json.loads(data))
    except MalformedValue:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedValue(f"not JSON: {error}") from error


def decode(data: Any) -> Any:
    """The value that JSON data made by :func:`encode` stands for.

    Raises:
        MalformedValue: the data was not made by :func:`encode`.
    """
    try:
        return _decode(data)
    except MalformedValue:
        raise
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise MalformedValue(f"{type(error).__name__}: {error}") from error


def _decode(data: Any) -> Any:
    if isinstance(data, list):
        if set(map(type, data)) <= _ATOMS:
            return data
        return [_decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    if data.keys() != {"t", "v"} or not isinstance(data["t"], str):
        raise MalformedValue("an object without kind and content")
    decoder = _DECODERS.get(data["t"])
    if decoder is None:
        raise MalformedValue("an unknown kind")
    return decoder(data["v"])


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise MalformedValue("text expected")
    return data


def _list(data: Any, size: int | None = None) -> list[Any]:
    if not isinstance(data, list) or (size is not None and len(data) != size):
        raise MalformedValue("a list expected")
    return data


def _hashable(items: list[Any]) -> list[Any]:
    # Keys chosen to share a hash would make building the table take quadratic time.
    if len(items) > 256 and len(set(map(hash, items))) < len(items) - 128:
        raise MalformedValue("too many keys with equal hashes")
    return items


def _decode_dict(data: Any) -> dict[Any, Any]:
    pairs = [_list(pair, 2) for pair in _list(data)]
    keys = _hashable([_decode(key) for key, _ in pairs])
    return dict(zip(keys, (_decode(item) for _, item in pairs), strict=True))


def _decode_number(data: Any) -> int:
    value = _decode(data)
    if type(value) is not int:
        raise MalformedValue("an integer expected")
    return value


def _decode_float(data: Any) -> float:
    value = _decode(data)
    if not isinstance(value, float):
        raise MalformedValue("a float expected")
    return value


def _decode_decimal(data: Any) -> Any:
    from decimal import Decimal  # here and below: rarely needed, and dear to fork

    return Decimal(_text(data))


def _decode_fraction(data: Any) -> Any:
    from fractions import Fraction

    return Fraction(*map(_decode_number, _list(data, 2)))


def _decode_str(data: Any) -> str:
    return bytes.fromhex(_text(data)).decode("utf-32-le", "surrogatepass")


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda data: tuple(_decode(_list(data))),
    "set": lambda data: set(_hashable(_decode(_list(data)))),
    "frozenset": lambda data: frozenset(_hashable(_decode(_list(data)))),
    "dict": _decode_dict,
    "bytes": lambda data: bytes.fromhex(_text(data)),
    "complex": lambda data: complex(*map(_decode_float, _list(data, 2))),
    "float": lambda data: float(_text(data)),
    "int": lambda data: int(_text(data), 16),
    "str": _decode_str,
    "range": lambda data: range(*map(_decode_number, _list(data, 3))),
    "decimal": _decode_decimal,
    "fraction": _decode_fraction,
    "opaque": lambda data: Opaque(_text(data)),
}
