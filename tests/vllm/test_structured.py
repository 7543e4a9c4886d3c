"""Answers of a given form, and how likely each of them is."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bestofn.backends.base import Session
from bestofn.backends.vllm import VLLMBackend, one_of
from bestofn.chat import ChatRequest, Sampling
from bestofn.errors import RequestRejected

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def session(url: str) -> AsyncIterator[Session]:
    async with VLLMBackend("tiny", base_url=url).session() as opened:
        yield opened


def ask(extra: dict[str, Any], **settings: Any) -> ChatRequest:
    sampling = Sampling(**{"temperature": 1.0, "max_tokens": 32, **settings}, extra=extra)
    return ChatRequest.ask("Which one?", sampling=sampling)


async def test_a_choice_is_one_of_the_options(session: Session) -> None:
    options = ["the first", "the second", "neither"]
    replies = await session.ask(ask(one_of(options), seed=1), 12)
    assert {reply.status for reply in replies} == {"ok"}
    texts = {reply.text for reply in replies}
    assert texts <= set(options)
    assert len(texts) > 1


async def test_logprobs_are_probabilities_over_the_options(session: Session) -> None:
    plain = {"top_p": None, "top_k": None, "repetition_penalty": None}
    extra = {**one_of(["A", "B"]), "logprobs": True, "top_logprobs": 4}
    (reply,) = await session.ask(ask(extra, **plain))
    first = reply.extra["logprobs"]["content"][0]
    chances = {each["token"]: math.exp(each["logprob"]) for each in first["top_logprobs"]}
    assert chances["A"] + chances["B"] == pytest.approx(1, abs=1e-3)
    assert min(chances["A"], chances["B"]) > 0.01
    assert math.exp(first["logprob"]) == pytest.approx(chances[reply.text])


async def test_a_pattern_makes_any_model_answer(session: Session) -> None:
    pattern = r"<selection>[12]</selection>"
    replies = await session.ask(ask({"structured_outputs": {"regex": pattern}}, seed=3), 8)
    assert all(re.fullmatch(pattern, reply.text) for reply in replies)


async def test_a_pattern_that_is_none_ends_the_run(session: Session) -> None:
    with pytest.raises(RequestRejected, match="HTTP 400"):
        await session.ask(ask({"structured_outputs": {"regex": "("}}))


async def test_the_old_field_is_ignored_without_a_word(session: Session) -> None:
    (reply,) = await session.ask(ask({"guided_choice": ["A", "B"]}, seed=1))
    assert reply.ignored == ()
    assert reply.text not in ("A", "B")
