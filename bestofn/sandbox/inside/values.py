"""Plain Python values as JSON and back, so that no object of a program crosses a wire.

JSON's own types stand for themselves; everything else is an object ``{"t": kind, "v": ...}``.
What is not a plain value, is cyclic, or is too deep or too big becomes an :class:`Opaque`,
which names its type and never equals anything: an object with an ``__eq__`` that always agrees
gains nothing.

What arrives compares as the original does in Python:

* ``int`` of any size, ``float`` with nan, infinities and the sign of zero, ``complex``, ``bool``
  (equal to 0 and 1, yet of its own type), ``str`` with lone surrogates, ``bytes``, ``bytearray``,
  ``range``, ``Decimal``, ``Fraction``, ``None``, ``...``, and builtin functions and types by name.
* ``list``, ``tuple``, ``set``, ``frozenset``, ``dict``; ``deque`` (equal to no list), ``Counter``
  (a missing key is 0), ``OrderedDict`` (ordered against its like), ``defaultdict`` (with a factory
  that is a builtin type, else without one), and the views of a dict.
* ``date``, ``datetime``, ``time`` (of a time zone only the offset), ``timedelta``.

Subclasses are read through their base class and arrive as that base: a named tuple as a tuple,
which it equals, a program's own ``int`` as the number it holds whatever its methods say. numpy's
numbers and arrays arrive as what their ``tolist`` gives.
"""

from __future__ import annotations

import builtins
import json
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from .rebuild import Finder, MalformedValue, Opaque, decode, loads

__all__ = [
    "Finder",
    "MalformedValue",
    "Opaque",
    "decode",
    "dumps",
    "encode",
    "holds_opaque",
    "loads",
]

MAX_DEPTH = 100
MAX_NODES = 4_000_000  # a container counts as much as some of its items
_CONTAINER = 8
_JSON_INT = 10**4000  # Python refuses to read longer decimal integers
_ATOMS = frozenset({int, str, bool, type(None)})
_BUILTIN_KINDS = (type, type(len), type(Ellipsis), type(NotImplemented))
_BUILTINS = {id(v): n for n, v in vars(builtins).items() if isinstance(v, _BUILTIN_KINDS)}
_FACTORIES = (bool, dict, float, int, list, set, str, tuple)
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_EXACT = frozenset(
    [
        *_VIEWS,
        *(*_ATOMS, float, complex, bytes, bytearray, range, list, tuple, set, frozenset, dict),
        *(deque, Counter, OrderedDict, *_BUILTIN_KINDS),
    ]
)
_EXACT_NAMES = frozenset(
    [
        *(("decimal", "Decimal"), ("fractions", "Fraction"), ("datetime", "datetime")),
        *(("datetime", "date"), ("datetime", "time"), ("datetime", "timedelta")),
    ]
)
Keeper = Callable[[Any], "str | None"]
"""A number for a value without a plain form that its owner holds on to, or None."""


class _Refused(Exception):
    """The value as a whole cannot be passed; the text says why."""


class _Encoder:
    def __init__(self, keep: Keeper | None, *, exact: bool) -> None:
        self.keep = keep
        self.exact = exact
        self.nodes = 0
        self.open: set[int] = set()

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if self.exact and kind not in _EXACT and not _arrives_as_it_is(value, kind):
            return self._without_form(value)
        if kind in _ATOMS or isinstance(value, (int, str)):
            return _encode_atom(value)
        if isinstance(value, float):
            return _encode_float(value)
        if isinstance(value, complex):
            number = complex.__pos__(value)
            return {"t": "complex", "v": [_encode_float(number.real), _encode_float(number.imag)]}
        if isinstance(value, (bytes, bytearray)):
            self._count(len(memoryview(value)) // 64)
            tag = "bytes" if isinstance(value, bytes) else "bytearray"
            return {"t": tag, "v": bytes(memoryview(value)).hex()}
        if isinstance(value, range):
            return {"t": "range", "v": [_encode_atom(n) for n in _range_parts(value)]}
        if isinstance(value, (list, tuple, set, frozenset, dict, deque)):
            return self._container(value, depth)
        if kind in _VIEWS:
            return {"t": _VIEWS[kind], "v": self.encode(list(value), depth + 1)}
        rare = _encode_rare(value, kind)
        if rare is not None:
            return rare
        if kind.__module__ == "numpy" and callable(getattr(value, "tolist", None)):
            plain = value.tolist()
            if type(plain) is not kind:
                return self.encode(plain, depth + 1)
        return self._without_form(value)

    def _without_form(self, value: Any) -> Any:
        number = None if self.keep is None else self.keep(value)
        if number is None:
            return {"t": "opaque", "v": _name(value)}
        return {"t": "kept", "v": [number, _name(value)]}

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise _Refused("nested too deep")
        if id(value) in self.open:
            raise _Refused("contains itself")
        self.open.add(id(value))
        try:
            if isinstance(value, dict):
                return self._dict(value, depth)
            if isinstance(value, deque):
                length = _QUEUE_LENGTH(value) if type(value) is deque else None
                return {"t": "deque", "v": [length, self._items(deque.__iter__(value), depth)]}
            for base, tag in _SEQUENCES:
                if isinstance(value, base):
                    items = self._items(base.__iter__(value), depth)
                    return {"t": tag, "v": items} if tag else items
        finally:
            self.open.discard(id(value))
        raise AssertionError("a container without an encoding")

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        self._count(2 * dict.__len__(value) + _CONTAINER)
        pairs = [
            [self.encode(key, depth + 1), self.encode(item, depth + 1)]
            for key, item in list(dict.items(value))
        ]
        kind = type(value)
        if kind is defaultdict:
            factory = value.default_factory  # type: ignore[attr-defined]
            known = any(factory is one for one in _FACTORIES)
            return {"t": "defaultdict", "v": [factory.__name__ if known else None, pairs]}
        if kind is OrderedDict:
            return {"t": "ordered", "v": pairs}
        return {"t": "counter" if kind is Counter else "dict", "v": pairs}

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


_SEQUENCES: tuple[tuple[Any, str], ...] = (
    (list, ""),
    (tuple, "tuple"),
    (set, "set"),
    (frozenset, "frozenset"),
)
_QUEUE_LENGTH = vars(deque)["maxlen"].__get__


def _arrives_as_it_is(value: Any, kind: type) -> bool:
    """Whether a value of a type outside ``_EXACT`` comes back of that very type."""
    if kind is defaultdict:
        factory = value.default_factory
        return factory is None or any(factory is one for one in _FACTORIES)
    return any(kind is _kind_of(*names) for names in _EXACT_NAMES)


def _kind_of(module: str, name: str) -> Any:
    """A class that values can only be of where somebody has imported its module."""
    return getattr(sys.modules.get(module), name, None)


def _encode_rare(value: Any, kind: type) -> Any:
    if id(value) in _BUILTINS:
        return {"t": "builtin", "v": _BUILTINS[id(value)]}
    if kind is _kind_of("decimal", "Decimal"):
        return {"t": "decimal", "v": str(value)}
    if kind is _kind_of("fractions", "Fraction"):
        return {"t": "fraction", "v": [_encode_atom(n) for n in _fraction_parts(value)]}
    for name in ("datetime", "date", "time"):  # the first is a subclass of the second
        base = _kind_of("datetime", name)
        if base is not None and isinstance(value, base):
            return {"t": "moment", "v": [name, base.isoformat(value)]}
    base = _kind_of("datetime", "timedelta")
    if base is not None and isinstance(value, base):
        return {"t": "duration", "v": [_part(base, value, name) for name in _DURATION]}
    return None


_DURATION = ("days", "seconds", "microseconds")


def _part(base: type, value: Any, name: str) -> int:
    part: int = vars(base)[name].__get__(value)
    return part


def _fraction_parts(value: Any) -> tuple[int, int]:
    return value.numerator, value.denominator


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


def encode(value: Any, keep: Keeper | None = None, *, exact: bool = False) -> Any:
    """A value as JSON-ready data.

    Values that cannot be passed become, whole or in part, what decodes to :class:`Opaque`.

    Args:
        value: The value.
        keep: Asked about parts without a plain form; those that it numbers decode to what the
            other side finds under the number.
        exact: Whether what would arrive as its base class counts as without a plain form.
    """
    try:
        return _Encoder(keep, exact=exact).encode(value, 0)
    except _Refused as reason:
        return {"t": "opaque", "v": f"{_name(value)}: {reason}"}
    except Exception as error:  # whatever the value's own __class__ or __getattribute__ does
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
