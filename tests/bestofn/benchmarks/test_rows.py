"""The log of a run survives interruption at any byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.results import Choice, Grades, write_json
from bestofn.benchmarks.rows import RowLog, digest
from bestofn.errors import FormatError, InvalidInput

GRADES = Grades(verdicts={"a": True, "b": False}, graded=2, seconds=0.5)
CHOICE = Choice(chosen="a", survivors=("a", "b"), why="ü", abstained="tie", programs_run=3)


def fill(path: Path) -> None:
    with RowLog(path) as log:
        log.add("p", None, "k1", GRADES)
        log.add("p", "consensus", "k2", CHOICE)


def test_steps_come_back(tmp_path: Path) -> None:
    path = tmp_path / "out" / "rows.jsonl"
    fill(path)
    with RowLog(path) as log:
        assert log.find(Grades, "k1") == GRADES
        assert log.find(Choice, "k2") == CHOICE
        assert log.find(Choice, "k1") is None
        assert log.find(Grades, "k2") is None
        assert log.reused == 2
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["kind"], row["judge"]) for row in rows] == [
        ("grades", None),
        ("choice", "consensus"),
    ]


@given(cut=st.integers(0, 10_000))
def test_a_torn_last_row_is_done_again(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("log") / "rows.jsonl"
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: cut % (len(whole) + 1)])
    complete = path.read_bytes().count(b"\n")
    with RowLog(path) as log:
        assert (log.find(Grades, "k1") is not None) == (complete >= 1)
        assert (log.find(Choice, "k2") is not None) == (complete >= 2)
        log.add("p", "consensus", "k3", CHOICE)
    with RowLog(path) as log:
        assert log.find(Choice, "k3") == CHOICE


def test_without_a_file_nothing_is_kept() -> None:
    with RowLog(None) as log:
        log.add("p", None, "k", GRADES)
        assert log.find(Grades, "k") is None


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("my notes\nare here\n")
    with pytest.raises(FormatError, match=r"rows\.jsonl:1.*another --output"), RowLog(path):
        pass
    assert path.read_text() == "my notes\nare here\n"


def test_a_damaged_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"kind": "grades", "key": "k", "step": {"verdicts": 3}}\n')
    with RowLog(path) as log, pytest.raises(FormatError, match="key k is damaged"):
        log.find(Grades, "k")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="output"), RowLog(tmp_path / "file" / "rows.jsonl"):
        pass


def test_keys_depend_on_every_part() -> None:
    keys = {digest("a", 1), digest("a", 2), digest("b", 1), digest(("a",), 1), digest("\udc80")}
    assert len(keys) == 5
    assert digest("a", 1) == digest("a", 1)


def test_json_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": 1, "b": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]
