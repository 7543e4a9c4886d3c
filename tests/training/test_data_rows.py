"""Rows: what is written can be read again, and what is bad is refused by file, row and field."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from bestofn_training.data import (
    JudgeInput,
    Labelled,
    Preference,
    RowWriter,
    Target,
    check_apart,
    check_domains,
    check_rows,
    read_rows,
)
from bestofn_training.errors import BadData, BadRow
from hypothesis import given
from hypothesis import strategies as st

from bestofn.chat import Message
from bestofn.errors import BestOfNError, FormatError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WORD = TEXT.filter(lambda text: bool(text.strip()))
INPUT = {
    "id": "p:0:0",
    "problem_id": "p",
    "prompt": [{"role": "user", "content": "Which?"}],
    "order": ["a", "b"],
    "right": [2],
    "domain": "easy",
}
SAID = [{"role": "assistant", "content": "<selection>2</selection>"}]
PREFERENCE = {
    **{name: INPUT[name] for name in ("id", "problem_id", "prompt", "domain")},
    "chosen": SAID,
    "rejected": [{"role": "assistant", "content": "I cannot tell."}],
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def refused(path: Path, kind: type) -> BadRow:
    with pytest.raises(BadRow) as caught:
        list(read_rows(path, kind))
    assert isinstance(caught.value, FormatError)
    assert isinstance(caught.value, BestOfNError)
    assert str(path) in str(caught.value)
    return caught.value


@given(texts=st.lists(st.tuples(WORD, WORD, TEXT), min_size=1, max_size=4), label=st.booleans())
def test_every_row_comes_back_as_it_was(tmp_path_factory, texts, label):
    folder = tmp_path_factory.mktemp("rows")
    for kind in (JudgeInput, Preference, Labelled, Target):
        rows = []
        for number, (prompt, reply, other) in enumerate(texts):
            said = (Message(role="assistant", content=reply),)
            about = {
                "id": str(number),
                "problem_id": prompt,
                "domain": reply,
                "difficulty": other,
                "prompt": (Message(role="user", content=prompt),),
            }
            other_said = (Message(role="assistant", content=reply + "."),)
            own = {
                JudgeInput: {"order": ("a", "b", "c"), "right": (1, 3), "platform": other},
                Preference: {"chosen": said, "rejected": other_said},
                Labelled: {"completion": said, "label": label},
                Target: {"completion": said},
            }  # fmt: skip
            rows.append(kind(**about, **own[kind]))
        path = folder / f"{kind.__name__}.jsonl"
        with RowWriter(path) as writer:
            for row in rows:
                writer.add(row)
            assert not path.exists()
            writer.keep()
        assert [row for _, row in read_rows(path, kind)] == rows
        assert writer.rows == len(rows)
        assert json.loads(path.read_bytes().split(b"\n")[0])["prompt"] == [
            asdict(message) for message in rows[0].prompt
        ]


def test_a_file_that_is_not_kept_leaves_nothing(tmp_path):
    path = tmp_path / "new" / "rows.jsonl"
    with pytest.raises(ZeroDivisionError), RowWriter(path) as writer:  # noqa: PT012
        writer.add_object({"a": 1})
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"right": [1, 2]}, "right", "all 2 candidates are right"),
        ({"right": []}, "right", "no candidate is right"),
        ({"right": [3]}, "right", "1 to 2"),
        ({"right": [1, 1]}, "right", "twice"),
        ({"order": ["a"]}, "order", "at least two"),
        ({"order": ["a", "a"]}, "order", "twice"),
        ({"prompt": []}, "prompt", "empty"),
        ({"prompt": SAID}, "prompt", "assistant"),
        ({"prompt": [{"role": "user", "content": " "}]}, "prompt", "nothing"),
        ({"prompt": [{"role": "robot", "content": "x"}]}, "prompt[0].role", "should be"),
        ({"prompt": "Which?"}, "prompt", "array"),
        ({"domain": " "}, "domain", "empty"),
        ({"problem_id": ""}, "problem_id", "empty"),
        ({"right": ["2"]}, "right[0]", "integer"),
        ({"order": None}, "order", "array"),
    ],
)
def test_a_bad_judge_input_is_refused(tmp_path, change, column, words):
    error = refused(write(tmp_path / "x.jsonl", INPUT, {**INPUT, **change}), JudgeInput)
    assert (error.row, words in error.reason) == (2, True), error
    assert error.column.startswith(column.split(".")[0])
    assert "x.jsonl:2" in str(error)


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"chosen": [{"role": "assistant", "content": " \n"}]}, "chosen", "empty reply"),
        ({"rejected": []}, "rejected", "one message"),
        ({"rejected": [{"role": "user", "content": "x"}]}, "rejected", "assistant"),
        ({"rejected": SAID}, "rejected", "same as chosen"),
    ],
)
def test_a_bad_preference_is_refused(tmp_path, change, column, words):
    error = refused(write(tmp_path / "x.jsonl", {**PREFERENCE, **change}), Preference)
    assert (error.row, error.column) == (1, column)
    assert words in error.reason


def test_a_missing_field_broken_json_and_an_empty_file_are_refused(tmp_path):
    path = tmp_path / "x.jsonl"
    assert refused(write(path, {"id": "x"}), JudgeInput).column == "problem_id"
    path.write_text(json.dumps(INPUT) + "\n\n{not json\n")
    assert refused(path, JudgeInput).row == 3
    path.write_bytes(b'{"id": "\xff"}\n')
    assert refused(path, JudgeInput).row == 1
    path.write_text("\n")
    with pytest.raises(FormatError, match="holds no rows"):
        list(read_rows(path, JudgeInput))
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_rows(tmp_path / "absent", JudgeInput))


def test_columns_of_the_users_own_are_passed_over(tmp_path):
    ((_, row),) = read_rows(write(tmp_path / "x.jsonl", {**PREFERENCE, "mine": 1}), Preference)
    assert row.chosen[0].content == "<selection>2</selection>"


def test_an_id_twice_and_a_row_beyond_the_context_are_refused(tmp_path):
    path = write(tmp_path / "x.jsonl", INPUT, INPUT)
    with pytest.raises(BadRow, match=r"x\.jsonl:2: field 'id'.*row 1"):
        check_rows(path, JudgeInput)

    def letters(messages):
        return sum(len(message.content) for message in messages)

    path = write(tmp_path / "y.jsonl", PREFERENCE)
    longest = len("Which?") + len(SAID[0]["content"])
    assert check_rows(path, Preference, measure=letters, context=longest) == 1
    with pytest.raises(BadRow, match=f"{longest} tokens, more than the context"):
        check_rows(path, Preference, measure=letters, context=longest - 1)


def test_a_problem_on_two_sides_is_refused_with_its_row(tmp_path):
    one = write(tmp_path / "lower.jsonl", INPUT, {**INPUT, "id": "2"})
    two = write(tmp_path / "upper.jsonl", {**INPUT, "problem_id": "q"}, INPUT)
    check_apart({"lower": one}, JudgeInput)
    with pytest.raises(BadRow, match=r"upper\.jsonl:2.*'p' is also in lower .*row 1"):
        check_apart({"lower": one, "upper": two}, JudgeInput)


def test_a_domain_without_samples_is_refused():
    check_domains({"a": 1}, ["a"], where="lower")
    with pytest.raises(BadData, match=r"lower: has no samples of the domain\(s\) 'b'"):
        check_domains({"a": 1, "b": 0}, ["a", "b"], where="lower")
