"""Any value and any JSON through the codec, and on to whoever compares and shows what came."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.grading import same_output, same_value, show
from bestofn.judges.observe import answer_key
from bestofn.sandbox import Opaque
from bestofn.sandbox.inside import harness, values

MORE = int(os.environ.get("BESTOFN_FUZZ", "0"))


def examples(count: int) -> settings:
    """The same examples every time, or with ``BESTOFN_FUZZ=10`` ten times as many new ones."""
    return settings(max_examples=count * (MORE or 1), derandomize=not MORE, deadline=None)


huge = st.integers(-9, 9).map(lambda n: n * 10**4300)
surrogates = st.text(st.characters(categories=["Cs", "Lu", "Nd"]), max_size=6)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | huge
    | st.floats()
    | st.sampled_from([math.nan, -0.0, math.inf, -math.inf])
    | st.complex_numbers()
    | st.builds(complex, st.sampled_from([-0.0, math.nan, math.inf]), st.sampled_from([-0.0, 1.0]))
    | st.text(max_size=12)
    | surrogates
    | st.binary(max_size=12)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 9))
)
hashable = st.recursive(
    scalars,
    lambda inner: st.tuples() | st.tuples(inner, inner) | st.frozensets(inner, max_size=4),
    max_leaves=8,
)
anything = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.sets(st.tuples(scalars, scalars), max_size=4)
    ),
    max_leaves=20,
)


def form(value: Any) -> Any:
    """What tells plain values apart, in type and to the last bit; equal for equal ones."""
    kind = type(value).__name__
    if isinstance(value, float):
        return (kind, "nan" if math.isnan(value) else value.hex())
    if isinstance(value, complex):
        return (kind, form(value.real), form(value.imag))
    if isinstance(value, int) and not isinstance(value, bool):
        return (kind, hex(value))
    if isinstance(value, Decimal | Fraction | range):
        return (kind, str(value))
    if isinstance(value, list | tuple):
        return (kind, *map(form, value))
    if isinstance(value, set | frozenset):
        return (kind, *sorted(map(repr, map(form, value))))
    if isinstance(value, dict):
        return (kind, *((form(key), form(item)) for key, item in value.items()))
    return (kind, repr(value))


@examples(250)
@given(anything)
def test_plain_values_come_back_to_the_last_bit(value: Any) -> None:
    data = values.dumps(value)
    assert data.isascii()
    assert form(values.loads(data)) == form(value)
    assert not values.holds_opaque(values.encode(value))


KINDS = (
    *("bool", "builtin", "bytearray", "bytes", "complex", "counter", "decimal", "defaultdict"),
    *("deque", "dict", "duration", "float", "fraction", "frozenset", "int", "items", "kept"),
    *("keys", "list", "moment", "opaque", "ordered", "range", "set", "str", "tuple", "values"),
    "unknown",
)
texts = st.text(max_size=6) | st.sampled_from(
    [
        *("nan", "-inf", "sNaN", "1e999999999999999999999", "0x1" + "f" * 4000, "ff", "00d80000"),
        *("exec", "int", "date", "datetime", "2026-01-01", "9999-12-31T23:59:59.999999+23:59"),
        *("1/3", "-0.0"),
    ]
)
wild_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.fixed_dictionaries({"t": st.sampled_from(KINDS), "v": inner})
        | st.fixed_dictionaries(
            {"t": st.sampled_from(KINDS), "v": st.lists(st.lists(inner, min_size=2, max_size=2))}
        )
    ),
    max_leaves=16,
)


def use(value: Any) -> None:
    """What the library does with an answer, whatever it is."""
    for expected in (1, 0.5, [1.5, 2], "x", {"a": 1.0}, {1}, (1,), None, math.nan, 1j):
        for tolerance in (0.0, 1e-6):
            assert isinstance(same_value(expected, value, tolerance=tolerance), bool)
    assert isinstance(show(value), str)
    assert isinstance(answer_key(value), str)


@examples(400)
@given(wild_json)
def test_json_that_no_value_gave_is_malformed_or_a_value_that_can_be_used(data: Any) -> None:
    with contextlib.suppress(values.MalformedValue):
        use(values.decode(data))
    with contextlib.suppress(values.MalformedValue):
        use(values.loads(json.dumps(data).encode("ascii")))


@examples(200)
@given(st.binary(max_size=80))
def test_bytes_are_malformed_or_a_value_that_can_be_used(data: bytes) -> None:
    with contextlib.suppress(values.MalformedValue):
        use(values.loads(data))


@examples(60)
@given(st.sampled_from(["[", '{"t":"tuple","v":[', '{"t":"dict","v":[[1,']), st.integers(0, 3000))
def test_nesting_of_any_depth_is_malformed_or_a_value_that_can_be_used(
    opening: str, depth: int
) -> None:
    closing = {"[": "]", '{"t":"tuple","v":[': "]}", '{"t":"dict","v":[[1,': "]]}"}[opening]
    with contextlib.suppress(values.MalformedValue):
        use(values.loads((opening * depth + "0" + closing * depth).encode()))


@examples(300)
@given(
    st.text(max_size=30) | st.text("0123456789.eE+-_nasif \n", max_size=30),
    st.text(max_size=30) | st.text("0123456789.eE+-_nasif \n", max_size=30),
    st.sampled_from([0.0, 1e-6, 0.5]),
)
def test_any_two_texts_can_be_compared(expected: str, printed: str, tolerance: float) -> None:
    assert isinstance(same_output(expected, printed, tolerance=tolerance), bool)
    assert same_output(expected, expected, tolerance=tolerance)


# Objects that fight back: special methods that raise, lie or answer nonsense. They are made inside
# the tests from plain descriptions, and kept away from pytest, which would try to show them.

METHODS = (
    *("__class__", "__eq__", "__ne__", "__hash__", "__len__", "__iter__", "__next__", "__bool__"),
    *("__getitem__", "__contains__", "__repr__", "__str__", "__format__", "__int__", "__index__"),
    *("__float__", "__complex__", "__pos__", "__neg__", "__abs__", "__bytes__", "__buffer__"),
    *("__reduce__", "__getattribute__", "__getattr__", "__dir__", "__length_hint__"),
    *("__reversed__", "__missing__", "__call__", "__get__", "__lt__", "__dict__", "__module__"),
    *("tolist", "keys", "items", "values", "real", "imag", "numerator", "denominator", "start"),
    *("stop", "step", "isoformat", "hex", "encode", "args", "maxlen", "default_factory"),
)
BASES: dict[str, Any] = {
    base.__name__: base
    for base in (
        *(object, int, str, float, complex, bytes, bytearray, list, tuple, set, frozenset, dict),
        *(deque, Counter, OrderedDict, defaultdict, Decimal, Fraction, date, datetime, timedelta),
    )
}
ERRORS: dict[str, type[BaseException]] = {
    error.__name__: error
    for error in (ValueError, StopIteration, RecursionError, KeyError, GeneratorExit, SystemExit)
}
ANSWERS: dict[str, Any] = {
    "True": True, "1": 1, "-1": -1, "x": "x", "None": None, "int": int, "list": [], "huge": 10**5000
}  # fmt: skip


@dataclass(frozen=True)
class Trick:
    """What a special method does."""

    name: str
    as_property: bool

    def method(self) -> Any:
        def method(*_: object, **__: object) -> Any:
            if self.name in ERRORS:
                raise ERRORS[self.name]
            return ANSWERS[self.name]

        return property(method) if self.as_property else method


@dataclass(frozen=True)
class Kind:
    """A class, described."""

    base: str
    methods: dict[str, Trick]
    module: str
    name: str

    def make(self, *also: Any) -> Any:
        methods = {name: trick.method() for name, trick in self.methods.items()}
        return type(self.name, (BASES[self.base], *also), {"__module__": self.module, **methods})


tricks = st.builds(Trick, st.sampled_from([*ERRORS, *ANSWERS]), st.booleans())
kinds = st.builds(
    Kind,
    st.sampled_from(sorted(BASES)),
    st.dictionaries(st.sampled_from(METHODS), tricks, min_size=1, max_size=6),
    st.sampled_from(["program", "numpy", "decimal", "datetime", "builtins"]),
    st.sampled_from(["Name", "h\u00e9", "ndarray", "int", "x" * 300]),
)


def outcome(function: Callable[[], Any]) -> Any:
    """The value of a call, or the name of the error that it raised."""
    try:
        return function()
    except BaseException as error:
        return f"raised {type.__getattribute__(type(error), '__name__')}"


@examples(600)
@given(kinds, st.booleans())
def test_objects_that_fight_back_come_as_plain_values_or_not_at_all(
    description: Kind, nested: bool
) -> None:
    def run() -> Any:
        made = outcome(description.make())
        value = [made, 1] if nested else made
        status, error, data = harness.call(lambda: lambda: value, ())
        if status != "ok":
            return status, isinstance(error, str) and data == b""
        came = values.loads(data)
        use(came)
        plain = came[0] if nested and isinstance(came, list) else came
        types = (*BASES.values(), Opaque, type(None), bool, range)
        return status, any(type(plain) is one for one in types)

    status, sound = outcome(run)
    assert sound, status


@examples(600)
@given(kinds)
def test_encoding_objects_that_fight_back_raises_no_exception(description: Kind) -> None:
    def run() -> Any:
        made = outcome(description.make())
        return isinstance(values.dumps(made), bytes)

    assert outcome(run) in (True, "raised SystemExit", "raised GeneratorExit")


@examples(300)
@given(kinds, st.booleans())
def test_errors_that_fight_back_can_be_told(description: Kind, bare: bool) -> None:
    def program() -> None:
        error = replace(description, base="object").make(Exception)
        raise error if bare else error("x", 3)

    def run() -> Any:
        status, error, data = harness.call(lambda: program, ())
        return status, isinstance(error, str) and data == b""

    status, sound = outcome(run)
    assert sound, status
    assert status != "ok"
