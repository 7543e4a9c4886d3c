from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.chat import ChatRequest, Message, Reply, Sampling
from bestofn.errors import InvalidInput
from bestofn.journal import key_of, keys_of, request_of, request_text
from bestofn.journal.codec import dump, load, reply_bytes, reply_of, to_bytes, to_text
from bestofn.types import Usage

ANY_TEXT = st.text(st.characters(categories=None)) | st.sampled_from(
    ["\x00", "\ud800", "\ud83d\ude00", "😀", "\udfff\ud800", "a\x00b", "\u2028"]
)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=64) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
EXTRAS = st.dictionaries(
    ANY_TEXT,
    JSON_VALUES.filter(lambda value: "Infinity" not in json.dumps(value)),
    max_size=3,
)
SAMPLINGS = st.builds(
    Sampling,
    temperature=st.none() | st.floats(0, 10) | st.integers(0, 2),
    top_p=st.none() | st.floats(0.01, 1),
    top_k=st.none() | st.integers(-1, 100),
    repetition_penalty=st.none() | st.floats(0.1, 2),
    max_tokens=st.none() | st.integers(1, 10_000),
    stop=st.lists(ANY_TEXT, max_size=2).map(tuple),
    seed=st.none() | st.integers(-5, 1 << 62),
    extra=EXTRAS,
)
REQUESTS = st.builds(
    ChatRequest,
    messages=st.lists(
        st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=ANY_TEXT),
        min_size=1,
        max_size=3,
    ).map(tuple),
    sampling=SAMPLINGS,
    sample=st.integers(0, 5),
)
REPLIES = st.builds(
    Reply,
    text=ANY_TEXT,
    reasoning=ANY_TEXT,
    status=st.sampled_from(["ok", "length", "refusal", "empty", "malformed", "context_overflow"]),
    error=ANY_TEXT,
    finish_reason=ANY_TEXT,
    model=ANY_TEXT,
    usage=st.builds(
        Usage,
        calls=st.integers(0, 3),
        input_tokens=st.integers(0, 1 << 70),
        output_tokens=st.integers(0, 9),
        dollars=st.floats(0, 10),
    ),
    seconds=st.floats(0, 100),
    attempts=st.integers(1, 4),
    ignored=st.lists(ANY_TEXT, max_size=2).map(tuple),
    extra=st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=2),
)


@given(ANY_TEXT)
def test_any_text_comes_back(text: str) -> None:
    assert to_text(to_bytes(text)) == text
    assert load(dump("text", {"a": text, text: 1})) == {"a": text, text: 1}


@given(REQUESTS)
def test_requests_come_back(request: ChatRequest) -> None:
    ((_, body),) = keys_of("id", request)
    assert request_of(body) == request
    assert to_text(body) == request_text(request)
    assert keys_of("id", request_of(body))[0][1] == body


@given(REPLIES)
def test_replies_come_back_marked_as_recorded(reply: Reply) -> None:
    assert reply_of(reply_bytes(reply)) == replace(reply, recorded=True)


def _shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _shuffled(value[key]) for key in reversed(value)})
    return [_shuffled(item) for item in value] if isinstance(value, list) else value


@given(REQUESTS)
def test_the_order_of_settings_does_not_matter(request: ChatRequest) -> None:
    other = replace(request.sampling, extra=_shuffled(request.sampling.extra))
    assert key_of("id", replace(request, sampling=other)) == key_of("id", request)


@settings(max_examples=300)
@given(REQUESTS, REQUESTS, ANY_TEXT, ANY_TEXT)
def test_keys_are_equal_exactly_when_everything_is(
    first: ChatRequest, second: ChatRequest, one: str, two: str
) -> None:
    equal = json.dumps(_seen(first), sort_keys=True) == json.dumps(_seen(second), sort_keys=True)
    assert (key_of(one, first) == key_of(one, second)) == (equal or first == second)
    assert (key_of(one, first) == key_of(two, first)) == (one == two)


def _seen(request: ChatRequest) -> list[Any]:
    """The request as lists of code points: JSON's escapes join surrogates, this does not."""

    def spread(value: Any) -> Any:
        if isinstance(value, str):
            return [ord(c) for c in value]
        if isinstance(value, dict):
            return sorted([spread(k), json.dumps(spread(v))] for k, v in value.items())
        if isinstance(value, list | tuple):
            return ["list", *map(spread, value)]
        return value

    s = request.sampling
    numbers = [None if v is None else float(v) + 0.0 for v in (s.temperature, s.top_p)]
    return [
        [[m.role, spread(m.content)] for m in request.messages],
        request.sample,
        [*numbers, s.top_k, s.repetition_penalty, s.max_tokens, spread(s.stop), s.seed],
        spread(dict(s.extra)),
    ]


BASE = ChatRequest.ask("What?", sampling=Sampling(seed=1, stop=("x",), extra={"a": {"b": 1}}))


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.71},
        {"temperature": None},
        {"top_p": 0.5},
        {"top_k": 21},
        {"repetition_penalty": 1.0},
        {"max_tokens": 8191},
        {"stop": ("y",)},
        {"stop": ()},
        {"seed": None},
        {"seed": 2},
        {"extra": {"a": {"b": 2}}},
        {"extra": {"a": {"b": True}}},
        {"extra": {}},
    ],
)
def test_any_setting_that_differs_changes_the_key(change: dict[str, Any]) -> None:
    other = replace(BASE, sampling=replace(BASE.sampling, **change))
    assert key_of("id", other) != key_of("id", BASE)


def test_text_role_order_sample_and_backend_change_the_key() -> None:
    others = [
        replace(BASE, messages=(Message(role="system", content="What?"),)),
        replace(BASE, messages=(Message(role="user", content="What"),)),
        replace(BASE, messages=(*BASE.messages, *BASE.messages)),
        replace(BASE, sample=1),
    ]
    keys = {key_of("id", one) for one in [BASE, *others]} | {key_of("id2", BASE)}
    assert len(keys) == len(others) + 2


def test_equal_numbers_of_different_type_are_one_key() -> None:
    whole = replace(BASE, sampling=replace(BASE.sampling, temperature=1))
    broken = replace(BASE, sampling=replace(BASE.sampling, temperature=1.0))
    assert key_of("id", whole) == key_of("id", broken)


def test_the_key_is_what_the_documentation_says() -> None:
    import hashlib

    request = ChatRequest.ask("é", sampling=Sampling(max_tokens=9, seed=3), sample=2)
    document = {
        "backend": "openai http://x m",
        "messages": [{"role": "user", "content": "é"}],
        "sample": 2,
        "sampling": {
            "temperature": 0.7,
            "top_p": 0.8,
            "top_k": 20,
            "repetition_penalty": 1.05,
            "max_tokens": 9,
            "seed": 3,
        },
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert key_of("openai http://x m", request) == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize("extra", [{"a": {1, 2}}, {"a": float("nan")}, {"a": object()}])
def test_settings_that_are_not_json_are_named(extra: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        key_of("id", replace(BASE, sampling=Sampling(extra=extra)))
    assert caught.value.field == "Sampling.extra"


def test_a_paid_reply_is_stored_whatever_its_trimmings() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    assert reply_of(reply_bytes(Reply(text="a", extra=circle))).text == "a"
    kept = reply_of(reply_bytes(Reply(text="a", extra={"x": object(), "p": float("-inf")})))
    assert kept.extra["x"].startswith("<object")
    assert kept.extra["p"] == float("-inf")
