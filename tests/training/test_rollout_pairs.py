"""Rewards, completions, pairs: pure, and read by the parser that reads at inference."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import get_args

import pytest
from bestofn_training.data import JudgeInput
from bestofn_training.errors import BadInput
from bestofn_training.rollout import Pairing, Rewards, Said, grade_reply, grade_text
from bestofn_training.rollout.completions import completion_of
from bestofn_training.rollout.preferences import NO_REJECTED, NO_RIGHT, rows_of, why_none
from bestofn_training.rollout.reward import ANSWERS
from bestofn_training.rollout.stream import in_order
from hypothesis import given
from hypothesis import strategies as st

from bestofn.chat import Message, Reply, ReplyStatus
from bestofn.judges.parsing import parse_selection, read_reply

REWARDS = Rewards()
INPUT = JudgeInput(
    id="p:0:0",
    problem_id="p",
    prompt=(Message(role="user", content="Which?"),),
    order=("a", "b"),
    right=(2,),
    domain="easy",
    date="2024-01-01",
    generator="weak",
)


@pytest.mark.parametrize(
    ("text", "level", "reward"),
    [
        ("Both look fine. <selection>2</selection>", "right", 1.0),
        ("<selection>1</selection>", "wrong", 0.0),
        ("I take the second.", "format_error", -1.0),
        ("<selection>3</selection>", "format_error", -1.0),
        ("<selection>2</selection> <selection>2</selection>", "format_error", -1.0),
        ("<think>hm <selection>1</selection></think><selection>2</selection>", "right", 1.0),
        ("<think>hm <selection>2</selection>", "format_error", -1.0),
        ("", "format_error", -1.0),
    ],
)
def test_the_three_levels(text, level, reward):
    graded = grade_text(text, INPUT.right, 2, REWARDS)
    assert (graded.level, graded.reward) == (level, reward)
    assert (graded.index is None) == (level == "format_error") == bool(graded.reason)
    assert grade_reply(Reply(text=text), INPUT.right, 2, REWARDS) == graded


def test_levels_are_settings_and_right_is_worth_the_most():
    rewards = Rewards(right=2, wrong=-1, format_error=-1)
    assert grade_text("<selection>1</selection>", (2,), 2, rewards).reward == -1
    for wrong in ({"right": 0.0}, {"wrong": 1.0}, {"format_error": 5.0}, {"wrong": float("nan")}):
        with pytest.raises(BadInput, match=r"^rewards\."):
            Rewards(**wrong)


def test_what_is_no_answer_of_the_judge_has_no_reward():
    for status in get_args(ReplyStatus):
        graded = grade_reply(
            Reply(text="<selection>2</selection>", status=status), (2,), 2, REWARDS
        )
        assert (graded is not None) == (status in ANSWERS)
        if graded is not None and status != "ok":
            assert graded.level == "format_error"
            assert graded.reason.startswith(status)


WORDS = st.text(st.sampled_from("ab <>\n\ud83d"), max_size=8)
PARTS = st.lists(
    WORDS | st.sampled_from(["<selection>1</selection>", "<selection>2</selection>"]), max_size=3
).map("".join)


@given(text=PARTS, reasoning=PARTS)
def test_a_reply_with_parted_reasoning_reads_the_same_as_one_text(text, reasoning):
    """So the reward of a reply at inference is that of the row that is trained on."""
    reply = Reply(text=text, reasoning=reasoning)
    whole = completion_of(reply)
    whole.encode("utf-8")
    assert parse_selection(whole, 2).index == read_reply(reply, 2).index
    if reasoning.strip():
        assert whole.startswith("<think>\n")
        assert whole.count("</think>") == 1


def test_thinking_that_was_cut_off_stays_open():
    reply = Reply(text="", reasoning="Let me see", status="length")
    assert completion_of(reply) == "<think>\nLet me see"
    assert grade_text(completion_of(reply), (2,), 2, REWARDS).level == "format_error"


SAID = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["right", "wrong", "format_error"])), max_size=10
).map(
    lambda drawn: [
        Said(sample=sample, text=f"{level} {number}", level=level)
        for sample, (number, level) in enumerate(drawn)
    ]
)


@given(said=SAID, most=st.none() | st.integers(1, 4), seed=st.integers(0, 3))
def test_pairs(said, most, seed):
    right = {one.text for one in said if one.level == "right"}
    other = {one.text for one in said if one.level != "right"}
    for policy, possible in (
        ("matched", min(len(right), len(other))),
        ("all", len(right) * len(other)),
    ):
        pairing = Pairing(policy=policy, most=most, seed=seed)
        pairs = pairing.pairs("p:0:0", said)
        assert pairs == pairing.pairs("p:0:0", said)
        assert len(pairs) == (possible if most is None else min(most, possible))
        assert len({(good.text, bad.text) for good, bad in pairs}) == len(pairs)
        assert all(good.level == "right" != bad.level for good, bad in pairs)
        if policy == "matched":
            used = Counter(one.text for pair in pairs for one in pair)
            assert set(used.values()) <= {1}
        rows = rows_of(INPUT, pairs)
        assert len(rows.preferences) == len(pairs)
        assert {row.completion[0].content for row in rows.labelled if row.label} <= right
        assert {row.completion[0].content for row in rows.labelled if not row.label} <= other
        assert [row.completion for row in rows.targets] == [
            row.completion for row in rows.labelled if row.label
        ]
        if policy == "matched":
            assert sum(row.label for row in rows.labelled) * 2 == len(rows.labelled)
        for kind in (rows.preferences, rows.labelled, rows.targets):
            assert len({row.id for row in kind}) == len(kind)
            assert all((row.problem_id, row.date) == ("p", "2024-01-01") for row in kind)


def test_wrong_and_format_errors_are_rejected_alike():
    levels = ("right", "wrong", "format_error")
    said = [Said(sample=n, text=str(n), level=level) for n, level in enumerate(levels)]
    rejected = {bad.level for _, bad in Pairing(policy="all").pairs("p", said)}
    assert rejected == {"wrong", "format_error"}
    assert why_none(said[:1]) == NO_REJECTED
    assert why_none(said[1:]) == NO_RIGHT


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(BadInput, match="pairing"):
        Pairing(policy="best")
    with pytest.raises(BadInput, match="max_pairs"):
        Pairing(most=0)


def test_a_stream_is_read_as_it_is_needed_and_taken_in_order():
    drawn, taken, running = 0, [], 0
    most_running = 0

    def numbers():
        nonlocal drawn
        while drawn < 200:
            drawn += 1
            yield drawn

    async def work(number):
        nonlocal running, most_running
        running += 1
        most_running = max(most_running, running)
        for _ in range(number % 7):
            await asyncio.sleep(0)
        running -= 1
        assert drawn <= len(taken) + 1 + 4 * 3
        return number

    asyncio.run(in_order(work, numbers(), taken.append, at_once=3))
    assert taken == list(range(1, 201))
    assert most_running == 3


def test_the_first_error_of_a_stream_is_raised_itself():
    async def work(number):
        if number == 5:
            raise KeyError(number)
        await asyncio.sleep(0)
        return number

    with pytest.raises(KeyError):
        asyncio.run(in_order(work, range(50), print, at_once=2))
