from __future__ import annotations

import contextlib
import copy
import datetime
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
from bestofn.sandbox.inside import in_place, values

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


KINDS = (  # noqa: SIM905
    "dict set int str bytes range float tuple deque counter ordered defaultdict moment duration "
    "builtin kept keys values items decimal fraction complex bytearray opaque"
).split()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.text(), x)
            | st.fixed_dictionaries(
                {
                    "t": st.sampled_from(KINDS),
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


def test_containers_of_the_library_arrive_as_what_they_are() -> None:
    for value in (
        deque([1, 2]),
        deque([1, 2], 5),
        Counter("aab"),
        OrderedDict(b=1, a=2),
        defaultdict(int, a=1),
        defaultdict(None, a=1),
        bytearray(b"x"),
        datetime.date(2020, 2, 29),
        datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
        datetime.datetime(2020, 2, 29, 1, tzinfo=datetime.UTC),
        datetime.time(1, 2, 3),
        datetime.timedelta(-1, 5, 7),
        len,
        int,
        ValueError,
        ...,
        NotImplemented,
    ):
        assert same(round_trip(value), value)
        assert same(round_trip([value]), [value])
    assert round_trip(Counter("a"))["b"] == 0
    assert round_trip(defaultdict(list))["b"] == []
    assert round_trip(OrderedDict(b=1, a=2)) != OrderedDict(a=2, b=1)
    assert round_trip(deque([1])) != [1]
    assert round_trip(deque([1], 5)).maxlen == 5
    assert list(round_trip({1: 2}.values())) == [2]
    assert round_trip({1: 2}.keys()) == {1}
    assert round_trip({1: 2}.items()) == {(1, 2)}


def test_subclasses_arrive_as_their_base() -> None:
    Point = namedtuple("Point", "x y")
    stamp = type("Stamp", (datetime.datetime,), {"isoformat": lambda self: "never"})
    factory = defaultdict(lambda: 1, a=1)
    for value, plain in (
        (Point(1, 2), (1, 2)),
        (factory, defaultdict(None, a=1)),
        (type("Text", (str,), {})("x"), "x"),
        (type("Bytes", (bytes,), {"__len__": lambda self: -1})(b"x"), b"x"),
        (type("Queue", (deque,), {})([1]), deque([1])),
        (type("Tally", (Counter,), {})("a"), {"a": 1}),
        (stamp(2020, 1, 2), datetime.datetime(2020, 1, 2)),
    ):
        assert same(round_trip(value), plain)


def test_what_has_no_plain_form_can_be_kept_back() -> None:
    mine, kept = object(), []

    def keep(value: Any) -> str | None:
        kept.append(value)
        return "7" if value is mine else None

    data = values.encode([1, mine, object()], keep)
    assert values.holds_opaque(data)
    decoded = values.decode(data, lambda number, name: (number, name))
    assert decoded[:2] == [1, ("7", "object")]
    assert isinstance(decoded[2], Opaque)
    assert kept[0] is mine
    with pytest.raises(values.MalformedValue):
        values.decode(data)


@pytest.mark.parametrize(
    "value",
    [
        np.int64(1),
        np.array([1]),
        namedtuple("P", "x")(1),
        defaultdict(lambda: 1),
        type("L", (list,), {})(),
        type("I", (int,), {})(),
        lambda: 1,
        iter([]),
        object,
    ],
    ids=repr,
)
def test_exactly_means_of_the_very_type(value: Any) -> None:
    assert values.holds_opaque(values.encode([value], exact=True)) is (value is not object)


@given(anything)
def test_plain_values_pass_exactly(value: Any) -> None:
    assert values.encode(value, exact=True) == values.encode(value)


def test_who_changes_a_value_does_not_change_what_was_sent() -> None:
    data = values.encode([1, 2])
    values.decode(data).append(3)
    assert data == [1, 2]


containers = st.recursive(
    st.integers(0, 3) | st.text(max_size=1),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 3), inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(st.integers(0, 3))
        | st.lists(inner, max_size=3).map(deque)
    ),
    max_leaves=12,
)


@given(st.lists(containers), st.lists(containers))
def test_a_change_in_place_gives_the_new_content(old: list[Any], new: list[Any]) -> None:
    target = copy.deepcopy(old)
    in_place.change(target, new)
    assert same(target, new)


@given(st.lists(containers), st.randoms())
def test_objects_that_only_moved_stay_the_same_objects(old: list[Any], luck: Any) -> None:
    target = list(old)
    new = copy.deepcopy(old)
    luck.shuffle(new)
    in_place.change(target, new)
    assert same(target, new)
    objects = {id(item) for item in old if isinstance(item, list | dict | set | deque)}
    assert all(id(i) in objects for i in target if isinstance(i, list | dict | set | deque))


def test_what_cannot_become_something_else() -> None:
    for old, new in (([], {}), (1, 2), ((1,), (2,)), ([], [1].__iter__())):
        with pytest.raises(TypeError):
            in_place.change(old, new)


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
