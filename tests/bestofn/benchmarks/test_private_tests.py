"""Packed tests: plain data comes out, everything else is refused unexecuted."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.private_tests import unpack


def pack(value: object) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=JSON)
def test_what_was_packed_comes_out(value: object) -> None:
    assert unpack(pack(json.dumps(value))) == value


@given(value=st.lists(JSON))
def test_plain_json_is_taken_as_it_is(value: list[object]) -> None:
    assert unpack(json.dumps(value)) == value


def test_an_empty_field_holds_no_tests() -> None:
    assert unpack("") == []


class Attack:
    """A pickle of this creates a file when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (self.path,))


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with pytest.raises(ValueError, match="mkdir"):
        unpack(pack(Attack(str(target))))
    assert not target.exists()


class Elsewhere(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return "x" if obj == "outside" else None


def test_a_pickle_that_refers_elsewhere_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "p").open("wb") as file:
        Elsewhere(file).dump("outside")
    data = base64.b64encode(zlib.compress((tmp_path / "p").read_bytes())).decode()
    with pytest.raises(ValueError, match="outside the file"):
        unpack(data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not base64!", "base64"),
        (base64.b64encode(b"plain").decode(), "zlib"),
        (base64.b64encode(zlib.compress(b"no pickle")).decode(), "pickle"),
        (base64.b64encode(zlib.compress(pickle.dumps("[]"))[:-6]).decode(), "cut short"),
        (pack([1, 2]), "list"),
        (pack("{"), "Expecting"),
        ("[1, ", "Expecting"),
    ],
)
def test_damage_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        unpack(text)


@given(data=st.binary(max_size=60))
def test_no_bytes_get_past_the_unpickler(data: bytes) -> None:
    packed = base64.b64encode(zlib.compress(data)).decode()
    with contextlib.suppress(ValueError):  # refused, which is one of the two allowed outcomes
        unpack(packed)
