"""Values from the JSON that :mod:`.values` makes of them. Nothing that was sent is executed."""

from __future__ import annotations

import builtins
import json
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

_ATOMS = frozenset({int, str, bool, type(None)})
_FACTORIES = {kind.__name__: kind for kind in (bool, dict, float, int, list, set, str, tuple)}
Finder = Callable[[str, str], Any]
"""What stands for a value that stays where it is, from its number and its type's name."""


class MalformedValue(ValueError):
    """The JSON at hand is not what :func:`~.values.encode` produces."""


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


def decode(data: Any, find: Finder | None = None) -> Any:
    """The value that JSON data made by :func:`~.values.encode` stands for.

    Args:
        data: The data.
        find: What stands for values that were kept back; None takes them for malformed.

    Raises:
        MalformedValue: the data was not made by :func:`~.values.encode`.
    """
    try:
        return _Decoder(find).decode(data)
    except MalformedValue:
        raise
    except (ValueError, TypeError, ArithmeticError, RecursionError, LookupError) as error:
        raise MalformedValue(f"{type(error).__name__}: {error}") from error


class _Decoder:
    def __init__(self, find: Finder | None) -> None:
        self._find = find

    def decode(self, data: Any) -> Any:
        if isinstance(data, list):
            if set(map(type, data)) <= _ATOMS:
                return data.copy()  # who changes the value does not change what was sent
            return [self.decode(item) for item in data]
        if not isinstance(data, dict):
            return data
        if data.keys() != {"t", "v"} or not isinstance(data["t"], str):
            raise MalformedValue("an object without kind and content")
        kind, content = data["t"], data["v"]
        simple = _SIMPLE.get(kind)
        if simple is not None:
            return simple(content)
        container = _CONTAINERS.get(kind)
        if container is not None:
            return container(self, content)
        if kind == "kept" and self._find is not None:
            number, name = map(_text, _list(content, 2))
            return self._find(number, name)
        raise MalformedValue("an unknown kind")

    def items(self, data: Any) -> list[Any]:
        items: list[Any] = self.decode(_list(data))
        return items

    def pairs(self, data: Any) -> list[tuple[Any, Any]]:
        pairs = [_list(pair, 2) for pair in _list(data)]
        keys = _hashable([self.decode(key) for key, _ in pairs])
        return list(zip(keys, (self.decode(item) for _, item in pairs), strict=True))

    def default_dict(self, data: Any) -> Any:
        name, pairs = _list(data, 2)
        factory = None if name is None else _FACTORIES[_text(name)]
        return defaultdict(factory, self.pairs(pairs))

    def queue(self, data: Any) -> Any:
        length, items = _list(data, 2)
        if length is not None and (type(length) is not int or length < 0):
            raise MalformedValue("a length expected")
        return deque(self.items(items), length)


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


def _number(data: Any) -> int:
    value = decode(data)
    if type(value) is not int:
        raise MalformedValue("an integer expected")
    return value


def _float(data: Any) -> float:
    value = decode(data)
    if not isinstance(value, float):
        raise MalformedValue("a float expected")
    return value


def _decimal(data: Any) -> Any:
    from decimal import Decimal  # here and below: rarely needed, and dear to fork

    return Decimal(_text(data))


def _fraction(data: Any) -> Any:
    from fractions import Fraction

    return Fraction(*map(_number, _list(data, 2)))


def _moment(data: Any) -> Any:
    import datetime

    kind, text = map(_text, _list(data, 2))
    if kind not in ("datetime", "date", "time"):
        raise MalformedValue("an unknown kind of moment")
    return getattr(datetime, kind).fromisoformat(text)


def _duration(data: Any) -> Any:
    import datetime

    return datetime.timedelta(*map(_number, _list(data, 3)))


def _builtin(data: Any) -> Any:
    return vars(builtins)[_text(data)]


_SIMPLE: dict[str, Callable[[Any], Any]] = {
    "bytes": lambda data: bytes.fromhex(_text(data)),
    "bytearray": lambda data: bytearray.fromhex(_text(data)),
    "complex": lambda data: complex(*map(_float, _list(data, 2))),
    "float": lambda data: float(_text(data)),
    "int": lambda data: int(_text(data), 16),
    "str": lambda data: bytes.fromhex(_text(data)).decode("utf-32-le", "surrogatepass"),
    "range": lambda data: range(*map(_number, _list(data, 3))),
    "decimal": _decimal,
    "fraction": _fraction,
    "moment": _moment,
    "duration": _duration,
    "builtin": _builtin,
    "opaque": lambda data: Opaque(_text(data)),
}
_CONTAINERS: dict[str, Callable[[_Decoder, Any], Any]] = {
    "tuple": lambda at, data: tuple(at.items(data)),
    "set": lambda at, data: set(_hashable(at.items(data))),
    "frozenset": lambda at, data: frozenset(_hashable(at.items(data))),
    "dict": lambda at, data: dict(at.pairs(data)),
    "ordered": lambda at, data: OrderedDict(at.pairs(data)),
    "counter": lambda at, data: Counter(dict(at.pairs(data))),
    "keys": lambda at, data: dict.fromkeys(_hashable(at.items(data))).keys(),
    "values": lambda at, data: dict(enumerate(at.items(data))).values(),
    "items": lambda at, data: dict(at.items(data)).items(),
    "defaultdict": _Decoder.default_dict,
    "deque": _Decoder.queue,
}
