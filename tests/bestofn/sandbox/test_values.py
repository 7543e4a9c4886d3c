from __future__ import annotations

import contextlib
import math
import operator
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.sandbox import Opaque
from bestofn.sandbox.inside import values

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers().map(lambda n: n * 10**4300)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.text(st.characters(categories=["Cs", "Lu"]))
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 9))
)
hashable = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4), max_leaves=6
)
anything = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
    ),
    max_leaves=20,
)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in every type."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left == right and all(map(same, left.values(), right.values()))
    if isinstance(left, float) and left == 0:
        return math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)


@given(anything)
def test_round_trip(value: Any) -> None:
    assert same(values.loads(values.dumps(value)), value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.text(), x)
            | st.fixed_dictionaries(
                {
                    "t": st.sampled_from(["dict", "set", "int", "str", "bytes", "range", "float"]),
                    "v": x,
                }
            )
        ),
    )
)
def test_decoding_anything_gives_a_value_or_says_malformed(data: Any) -> None:
    with contextlib.suppress(values.MalformedValue):
        values.decode(data)


@given(st.binary())
def test_bytes_that_are_no_json_are_malformed_or_a_value(data: bytes) -> None:
    with contextlib.suppress(values.MalformedValue):
        values.loads(data)


def round_trip(value: Any) -> Any:
    return values.loads(values.dumps(value))


def test_not_a_number_and_infinities() -> None:
    first, second = round_trip([math.nan, -math.inf])
    assert math.isnan(first)
    assert second == -math.inf


def test_containers_of_the_library_arrive_as_their_plain_base() -> None:
    Point = namedtuple("Point", "x y")
    pairs = [
        (deque([1, 2]), [1, 2]),
        (defaultdict(int, a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Point(1, 2), (1, 2)),
        (bytearray(b"x"), b"x"),
    ]
    for value, plain in pairs:
        assert same(round_trip(value), plain)


def test_numpy_values_arrive_as_plain_ones() -> None:
    value = [np.int64(3), np.float32(0.5), np.array([[1, 2], [3, 4]]), np.bool_(True)]
    assert same(round_trip(value), [3, 0.5, [[1, 2], [3, 4]], True])


def test_decimals_and_fractions() -> None:
    assert same(round_trip([Decimal("1.10"), Fraction(1, 3)]), [Decimal("1.10"), Fraction(1, 3)])


def test_an_opaque_value_equals_nothing() -> None:
    class Agreeable:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    value = round_trip(Agreeable())
    assert isinstance(value, Opaque)
    assert value.type_name == "Agreeable"
    assert not operator.eq(value, 1)
    assert not operator.eq(value, value)
    assert operator.ne(value, value)
    assert round_trip([Agreeable()]) != [1]


def test_subclasses_cannot_lie_about_their_content() -> None:
    class Liar(list):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            return iter([9])

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    class Number(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert same(round_trip(Liar([1])), [1])
    assert same(round_trip(Number(3)), 3)


def test_cyclic_deep_and_huge_values_become_opaque() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    doubling: list[Any] = []
    for _ in range(60):
        doubling = [doubling, doubling]
    for value in (cyclic, deep, doubling):
        assert isinstance(round_trip(value), Opaque)


def test_keys_that_share_a_hash_are_refused() -> None:
    same_hash = [n * (2**61 - 1) for n in range(1, 2000)]
    with pytest.raises(values.MalformedValue):
        values.decode({"t": "set", "v": same_hash})
    with pytest.raises(values.MalformedValue):
        values.decode({"t": "dict", "v": [[n, 0] for n in same_hash]})


def test_long_lists_are_fast_to_write() -> None:
    assert values.encode(list(range(100_000))) == list(range(100_000))
