"""Rows from files, and complaints that name the place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.reading import (
    RowModel,
    read_json,
    read_objects,
    read_rows,
    read_source,
    read_text,
)
from bestofn.errors import FormatError


class Pet(RowModel):
    name: str
    legs: int = 4


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


JSON_OBJECTS = st.lists(
    st.dictionaries(
        st.text(max_size=5),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


@given(rows=JSON_OBJECTS, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_lines_arrays_and_gzip_read_alike(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, object]],
    indent: int | None,
    ascii_only: bool,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    lines = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    array = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    (folder / "packed").write_bytes(gzip.compress(lines.encode()))
    expected = list(enumerate(rows, start=1))
    assert list(read_objects(write(folder / "lines", lines))) == expected
    assert list(read_objects(write(folder / "array", array))) == expected
    assert list(read_objects(folder / "packed")) == expected


def test_blank_lines_count_as_rows_but_hold_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a", '\n{"name": "cat"}\n\n{"name": "hen", "legs": 2, "egg": 1}\n')
    rows = list(read_rows(path, Pet))
    assert [row for row, _ in rows] == [2, 4]
    assert rows[1][1].legs == 2
    assert rows[1][1].other_fields == {"egg": 1}


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ('{"name": "cat"}\n{"legs": 4}\n', ":2", ["'name'", "missing", "legs"]),
        ('{"name": 3}\n', ":1", ["'name'", "a number"]),
        ('{"name": "cat", "legs": "4"}\n', ":1", ["'legs'", "a string"]),
        ('{"name": "cat"}\n{"name": \n', ":2", ["column", "one JSON object"]),
        ('[{"name": "cat"}, 7]', ":2", ["object", "a number"]),
        ('[{"name": "cat"}, ', "", ["not JSON"]),
        ("", "", ["no rows"]),
        ("[]", "", ["no rows"]),
        ("[" * 100_000, "", ["nested too deeply"]),
    ],
)
def test_complaints_name_file_row_and_field(
    tmp_path: Path, text: str, where: str, words: list[str]
) -> None:
    path = write(tmp_path / "pets.jsonl", text)
    with pytest.raises(FormatError) as caught:
        list(read_rows(path, Pet))
    message = str(caught.value)
    assert message.startswith(f"{path}{where}: ")
    for word in words:
        assert word in message


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_text(tmp_path / "none")
    with pytest.raises(FormatError, match="cannot be read"):
        read_text(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xe9\xe9")
    with pytest.raises(FormatError, match="UTF-8"):
        read_text(tmp_path / "latin")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"x" * 1000)[:-10])
    with pytest.raises(FormatError, match="damaged gzip"):
        read_text(tmp_path / "cut.gz")
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b\x08" + b"rubbish" * 9)
    with pytest.raises(FormatError, match=r"gzip|cannot be read"):
        read_text(tmp_path / "bad.gz")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "bom.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "bom.json") == {"a": 1}


def test_files_that_never_end_or_are_too_large(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a device"):
        read_text(Path("/dev/zero"))
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    (tmp_path / "packed").write_bytes(gzip.compress(b"x" * (1 << 20)))
    for name in ("large", "packed"):
        assert len(read_text(tmp_path / name, limit=1 << 20)) == 1 << 20
        with pytest.raises(FormatError, match=r"more than 0 MB"):
            read_text(tmp_path / name, limit=(1 << 20) - 1)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\r\n", "x = 1\r\n"),
        ("# größer".encode(), "# größer"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        ("# coding: latin-1\n# größer".encode("latin-1"), "# coding: latin-1\n# größer"),
    ],
)
def test_programs_are_decoded_as_they_declare(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a.py").write_bytes(data)
    assert read_source(tmp_path / "a.py") == text


@pytest.mark.parametrize(
    "data", [b"# \xe9", b"# coding: ascii\n# \xe9", b"# coding: no-such\n", b"# coding: rot13\n"]
)
def test_programs_that_cannot_be_decoded_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.py").write_bytes(data)
    with pytest.raises(FormatError, match=r"a\.py: .*save it as UTF-8"):
        read_source(tmp_path / "a.py")
