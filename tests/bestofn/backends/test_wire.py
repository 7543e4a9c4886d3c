from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.backends.retry import Fault
from bestofn.backends.wire import encodable, read_body, read_choices, seed_for

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def some(*names: str, of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, of))


messages = some("content", "reasoning_content", "refusal", "tool_calls", of=values) | values
choices = (
    st.fixed_dictionaries(
        {}, optional={"message": messages, "finish_reason": values, "index": values}
    )
    | values
)
answers = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(choices) | values, "usage": values, "model": values}
)


@settings(deadline=None)
@given(answers)
def test_whatever_comes_becomes_an_outcome(answer: dict[str, Any]) -> None:
    replies = read_choices(answer)
    if isinstance(replies, Fault):
        assert replies.kind == "body"
        return
    for reply in replies:
        assert isinstance(reply.text, str)
        assert (reply.text + reply.reasoning + reply.error).encode()
        assert reply.status != "ok" or reply.usable
        assert reply.usage.input_tokens >= 0 <= reply.usage.output_tokens


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    data = read_body(body)
    assert isinstance(data, dict | Fault)


@given(st.integers(0, 10_000), st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_no_token_is_lost_when_they_are_shared_out(total: int, texts: list[str]) -> None:
    replies = read_choices(
        {
            "choices": [{"message": {"content": text}} for text in texts],
            "usage": {"prompt_tokens": 5, "completion_tokens": total},
        }
    )
    assert not isinstance(replies, Fault)
    assert sum(reply.usage.output_tokens for reply in replies) == total
    assert sum(reply.usage.input_tokens for reply in replies) == 5


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "a", "reasoning_content": "b"}, "a", "b"),
        ({"content": "a", "reasoning": "b"}, "a", "b"),
        ({"content": "a", "reasoning_content": "", "reasoning": None}, "a", ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab", ""),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, "a"]},
            "a",
            "hm",
        ),
        ({"content": "a", "tool_calls": [{"id": 1}]}, "a", ""),
    ],
)
def test_text_and_reasoning(message: dict[str, Any], text: str, reasoning: str) -> None:
    replies = read_choices({"choices": [{"message": message, "finish_reason": "stop"}]})
    assert not isinstance(replies, Fault)
    assert [(r.text, r.reasoning, r.status) for r in replies] == [(text, reasoning, "ok")]


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ({"message": None}, "malformed"),
        ("text", "malformed"),
        ({"message": {"content": 5}}, "malformed"),
        ({"message": {"content": None, "tool_calls": [{}]}}, "empty"),
        ({"message": {"content": ""}}, "empty"),
        ({"message": {"content": "x"}, "finish_reason": "content_filter: SAFETY"}, "refusal"),
        ({"message": {"content": "x"}, "finish_reason": "max_tokens"}, "length"),
        ({"message": {"content": "x"}, "finish_reason": 7}, "ok"),
    ],
)
def test_each_choice_has_its_own_status(choice: Any, status: str) -> None:
    replies = read_choices({"choices": [choice, {"message": {"content": "fine"}}]})
    assert not isinstance(replies, Fault)
    assert [reply.status for reply in replies] == [status, "ok"]


def test_choices_come_in_the_order_of_their_numbers() -> None:
    shuffled = [{"index": i, "message": {"content": str(i)}} for i in (2, 0, 1)]
    replies = read_choices({"choices": shuffled})
    assert not isinstance(replies, Fault)
    assert [reply.text for reply in replies] == ["0", "1", "2"]


def test_logprobs_are_handed_on() -> None:
    probabilities = {"content": [{"token": "a", "logprob": -0.5}]}
    replies = read_choices({"choices": [{"message": {"content": "a"}, "logprobs": probabilities}]})
    assert not isinstance(replies, Fault)
    assert replies[0].extra == {"logprobs": probabilities}


@given(st.integers(-(2**63), 2**63), st.integers(0, 1000))
def test_seeds_follow_the_samples(seed: int, sample: int) -> None:
    assert seed_for(seed, sample) == seed_for(seed, 0) + sample
    assert 0 <= seed_for(seed, sample) < 2**31


@given(st.text(st.characters()))
def test_encodable(text: str) -> None:
    json.dumps(encodable(text), ensure_ascii=False).encode()
