"""Drawing replies from a real vLLM server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bestofn.backends.base import Session
from bestofn.backends.vllm import VLLMBackend
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Sampling, total
from bestofn.errors import RequestRejected

pytestmark = pytest.mark.anyio

SHORT = Sampling(temperature=1.0, max_tokens=12, seed=7)
ASK = ChatRequest.ask("Write a program that prints 1.", sampling=SHORT)


@pytest.fixture(scope="module")
async def session(url: str) -> AsyncIterator[Session]:
    async with VLLMBackend("tiny", base_url=url).session() as opened:
        yield opened


async def test_one_request_brings_n_different_replies(session: Session) -> None:
    replies = await session.ask(ASK, 4)
    assert len({reply.text for reply in replies}) == 4
    assert {reply.status for reply in replies} <= {"ok", "length"}
    assert [reply.attempts for reply in replies] == [1] * 4
    assert {reply.model for reply in replies} == {"tiny"}


async def test_the_prompt_is_counted_once(session: Session) -> None:
    alone = total(await session.ask(ASK))
    four = total(await session.ask(ASK, 4))
    assert four.calls == 4
    assert four.input_tokens == alone.input_tokens > 0
    assert 4 <= four.output_tokens <= 4 * 12


async def test_every_setting_of_the_paper_is_taken(session: Session) -> None:
    sampling = Sampling(max_tokens=4, seed=1, stop=("never",))
    (reply,) = await session.ask(replace(ASK, sampling=sampling))
    assert reply.ignored == ()


async def test_a_seed_repeats_its_replies(session: Session) -> None:
    first, second = await session.ask(ASK, 3), await session.ask(ASK, 3)
    assert [reply.text for reply in first] == [reply.text for reply in second]


async def test_replies_are_the_same_drawn_together_or_one_by_one(session: Session) -> None:
    together = await session.ask(ASK, 3)
    apart = [(await session.ask(replace(ASK, sample=sample)))[0] for sample in range(3)]
    assert [reply.text for reply in together] == [reply.text for reply in apart]


async def test_neighbouring_seeds_share_no_reply(session: Session) -> None:
    texts: set[str] = set()
    for seed in range(3):
        request = replace(ASK, sampling=replace(SHORT, seed=seed))
        texts |= {reply.text for reply in await session.ask(request, 4)}
    assert len(texts) == 12


async def test_without_a_seed_the_same_draw_differs(session: Session) -> None:
    request = replace(ASK, sampling=replace(SHORT, seed=None))
    first, second = await session.ask(request), await session.ask(request)
    assert first[0].text != second[0].text


async def test_what_n_does_not_bring_is_asked_for_one_by_one(url: str) -> None:
    # vLLM refuses to draw several replies at temperature 0.
    request = replace(ASK, sampling=replace(SHORT, temperature=0))
    async with Calls() as calls:
        replies = await calls.ask(VLLMBackend("tiny", base_url=url), request, n=3)
    assert len(replies) == calls.usage.calls == 3
    assert len({reply.text for reply in replies}) == 1
    assert all("n" in reply.ignored for reply in replies)


async def test_a_limit_above_the_model_s_is_left_out_and_reported(session: Session) -> None:
    sampling = Sampling(max_tokens=100_000, stop=(" ", "e", "t", "\n"), repetition_penalty=1.3)
    (reply,) = await session.ask(replace(ASK, sampling=sampling))
    assert reply.usable or reply.status == "empty"
    assert reply.ignored == ("max_tokens",)


async def test_the_default_limit_may_be_as_long_as_the_whole_model(session: Session) -> None:
    sampling = Sampling(stop=(" ", "e", "t", "\n"), repetition_penalty=1.3)
    assert sampling.max_tokens == 8192
    (reply,) = await session.ask(ChatRequest.ask("def\n" * 400, sampling=sampling))
    assert reply.usable or reply.status == "empty"
    assert reply.ignored == ()  # the server takes it for what is left beside the prompt


async def test_a_prompt_that_does_not_fit_is_an_outcome(session: Session) -> None:
    (reply,) = await session.ask(ChatRequest.ask("def\n" * 10_000, sampling=SHORT))
    assert reply.status == "context_overflow"
    assert "8192" in reply.error


async def test_an_unknown_model_ends_the_run_and_says_what_to_do(url: str) -> None:
    async with VLLMBackend("nobody", base_url=url).session() as session:
        with pytest.raises(RequestRejected, match=r"nobody.*model's name"):
            await session.ask(ASK)


async def test_an_impossible_setting_is_named(session: Session) -> None:
    sampling = replace(SHORT, extra={"min_p": 7})
    with pytest.raises(RequestRejected, match="min_p"):
        await session.ask(replace(ASK, sampling=sampling))
