"""From files of rows to tokens and batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from bestofn_training.errors import BadData, BadInput, BadRow  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    LabelledSet,
    PreferenceSet,
    TargetSet,
    TokenisedSet,
    Tokenising,
    TokenSettings,
    collate_groups,
    collate_preferences,
)
from bestofn_training.models.tiny import tiny_tokenizer  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bestofn.chat import Message  # noqa: E402

from .parts import replies  # noqa: E402

QUESTION = (Message(role="system", content="Judge."), Message(role="user", content="A or B?"))


def tokenising(context: int = 512) -> Tokenising:
    return Tokenising(tiny_tokenizer(), TokenSettings(context=context))


def test_a_reply_is_what_the_model_would_write_after_the_prompt() -> None:
    made = tokenising()
    reply = made.reply(QUESTION, "<think>hm</think>\n1")
    text = made.tokenizer.decode(reply.prompt)
    assert text == (
        "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nA or B?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert made.tokenizer.decode(reply.reply) == "<think>hm</think>\n1<|im_end|>"


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
@settings(max_examples=50, deadline=None)
def test_any_reply_survives(text: str) -> None:
    made = TOKENISING.reply(QUESTION, text)
    assert made.reply[-1] == TOKENISING.end
    assert TOKENISING.tokenizer.decode(made.reply[:-1]) == text


TOKENISING = tokenising(4096)


def test_rows_that_do_not_fit_are_refused_by_name() -> None:
    made = tokenising(context=60)
    long = (Message(role="user", content="x" * 80),)
    with pytest.raises(BadRow, match=r"pairs\.jsonl:7.*'prompt'.*leaves no room") as refused:
        made.reply(long, "1", path="pairs.jsonl", row=7, column="chosen")
    assert refused.value.row == 7
    short = (Message(role="user", content="x"),)
    with pytest.raises(BadRow, match=r"'rejected'.*the context has 60"):
        made.reply(short, "y" * 50, path="pairs.jsonl", row=8, column="rejected")
    with pytest.raises(BadRow, match="empty"):
        made.reply(QUESTION, " \n", path="pairs.jsonl", row=9, column="chosen")


def test_unusable_tokenizers_are_refused() -> None:
    bare = tiny_tokenizer()
    bare.chat_template = None
    with pytest.raises(BadInput, match="chat template"):
        Tokenising(bare, TokenSettings(context=10))
    with pytest.raises(BadInput, match="end_of_turn"):
        Tokenising(tiny_tokenizer(), TokenSettings(context=10, end_of_turn="<|eot|>"))


def test_masks_mark_the_reply_only() -> None:
    chosen, rejected = replies((3, 2), (3, 4))
    batch = collate_preferences([(chosen, rejected)], [5], [1], padding=0)
    marks = batch["completion_mask"].int().tolist()
    assert marks == [[0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1]]
    assert batch["attention_mask"].int().tolist() == [[1, 1, 1, 1, 1, 0, 0], [1] * 7]
    assert batch["input_ids"][0].tolist() == [*chosen.prompt, *chosen.reply, 0, 0]
    assert batch["index"].tolist() == [5]
    assert batch["domain"].tolist() == [1]


def rows(path: Path, count: int = 4, **changed: Any) -> Path:
    lines = []
    for n in range(count):
        row: dict[str, Any] = {
            "id": f"p{n}:0",
            "problem_id": f"p{n // 2}",
            "prompt": [{"role": "user", "content": f"Question {n}?"}],
            "chosen": [{"role": "assistant", "content": "1" * (n + 1)}],
            "rejected": [{"role": "assistant", "content": "2"}],
            "completion": [{"role": "assistant", "content": "1" * (n + 1)}],
            "label": n % 2 == 0,
            "domain": "hard" if n == 2 else "easy",
        }
        lines.append(json.dumps({**row, **(changed if n == count - 1 else {})}) + "\n")
    path.write_text("".join(lines))
    return path


def test_files_become_batches(tmp_path: Path) -> None:
    path, made = rows(tmp_path / "rows.jsonl"), tokenising()
    pairs = PreferenceSet(path, made)
    assert (len(pairs), pairs.domains, pairs.numbers) == (4, ("easy", "hard"), [0, 0, 1, 0])
    batch = pairs([2, 0])
    assert batch["domain"].tolist() == [1, 0]
    marked = batch["input_ids"][0][batch["completion_mask"][0]]
    assert made.tokenizer.decode(marked) == "111<|im_end|>"
    targets = TargetSet(path, made)([3])
    assert targets["completion_mask"].sum() == 5
    labelled = LabelledSet(path, made)([0])
    assert labelled["label"].tolist() == [True]
    crossed = labelled["kl_input_ids"][0]
    assert made.tokenizer.decode(crossed).endswith(
        "Question 0?<|im_end|>\n<|im_start|>assistant\n111<|im_end|>"
    )


def test_bad_files_are_refused_before_training(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with pytest.raises(BadRow, match=r"rows\.jsonl:4.*'rejected'.*the context has 120"):
        PreferenceSet(
            rows(path, rejected=[{"role": "assistant", "content": "y" * 99}]), tokenising(120)
        )
    with pytest.raises(BadRow, match=r"rows\.jsonl:4.*'domain'.*not one of: easy, hard"):
        PreferenceSet(rows(path, domain="other"), tokenising(), ["easy", "hard"])
    with pytest.raises(BadData, match="medium: no row"):
        PreferenceSet(rows(path), tokenising(), ["easy", "medium", "hard"])


def test_groups_must_be_whole() -> None:
    made = replies((3, 2), (3, 4), (2, 2), (2, 5))
    batch = collate_groups([made[:2], made[2:]], [[1, 0], [-1, 1]], [0, 1], [0, 0], padding=0)
    assert batch["input_ids"].shape == (4, 7)
    assert batch["rewards"].tolist() == [[1.0, 0.0], [-1.0, 1.0]]
    with pytest.raises(ValueError, match="one size"):
        collate_groups([made[:2], made[2:3]], [[1, 0], [1]], [0, 1], [0, 0], padding=0)


def test_a_set_of_no_kind_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="abstract"):
        TokenisedSet(rows(tmp_path / "rows.jsonl"), tokenising())  # type: ignore[abstract]
