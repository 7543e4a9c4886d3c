"""The gateway in front of a real vLLM server, and OpenAI's client in front of the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import openai
import pytest
from bestofn_gateway import Settings, running

pytestmark = pytest.mark.anyio

HI: list[Any] = [{"role": "user", "content": "Write a program that prints 1."}]
FREE = {"bestofn": {"judge": "self-consistency"}}


@pytest.fixture
async def base(url: str) -> AsyncIterator[str]:
    async with running(Settings(upstream=url, port=0, keep_alive=0.2)) as gateway:
        yield gateway.url


@pytest.fixture
async def client(base: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0) as opened:
        yield opened


async def test_the_best_of_four(client: openai.AsyncOpenAI) -> None:
    ask: dict[str, Any] = {"messages": HI, "max_tokens": 12, "temperature": 1.0, "seed": 3}
    answer = await client.chat.completions.create(model="bon-4-tiny", extra_body=FREE, **ask)
    direct = await client.chat.completions.create(model="tiny", n=4, **ask)
    told = answer.model_extra["bestofn"]
    assert (told["asked"], told["got"], told["failed"]) == (4, 4, [])
    assert answer.usage is not None
    assert direct.usage is not None
    spent = [(u.prompt_tokens, u.completion_tokens) for u in (answer.usage, direct.usage)]
    assert spent[0] == spent[1], "what four samples cost, and nothing else"
    words = [choice.message.content for choice in direct.choices]
    assert answer.choices[0].message.content == words[told["chosen"][0]]


async def test_a_model_that_judges_itself_badly_abstains(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="bon-2-tiny", messages=HI, max_tokens=12, temperature=1.0
    )
    told = answer.model_extra["bestofn"]
    assert told["judge_calls"] >= 1
    assert told["abstained"], "random weights write no verdict"
    assert answer.choices[0].message.content is not None


async def test_streams(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="bon-3-tiny",
        messages=HI,
        max_tokens=12,
        temperature=1.0,
        stream=True,
        stream_options={"include_usage": True},
        extra_body=FREE,
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 36, "of all three"


async def test_structured_outputs_and_logprobs(client: openai.AsyncOpenAI) -> None:
    form = {"structured_outputs": {"choice": ["yes", "no"]}, **FREE}
    answer = await client.chat.completions.create(
        model="bon-5-tiny", messages=HI, temperature=1.0, logprobs=True, n=2, extra_body=form
    )
    words = [choice.message.content for choice in answer.choices]
    assert set(words) <= {"yes", "no"}
    assert answer.choices[0].logprobs is not None
    votes = answer.model_extra["bestofn"]["votes"]
    assert max(votes.values()) >= 3, "of five that say one of two words"


async def test_text_completions(client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(
        model="bon-3-tiny", prompt="print", max_tokens=4, extra_body=FREE
    )
    assert answer.choices[0].text
    assert answer.model_extra["bestofn"]["got"] == 3


async def test_other_models_pass_unchanged(url: str, base: str) -> None:
    body = {"model": "tiny", "messages": HI, "max_tokens": 8, "temperature": 0}
    async with httpx.AsyncClient(trust_env=False) as http:
        answers = [
            (await http.post(f"{where}/chat/completions", json=body)).json()
            for where in (url, base)
        ]
        refused = [
            await http.post(f"{where}/chat/completions", json={**body, "max_tokens": -1})
            for where in (url, base)
        ]
        lists = [json.loads((await http.get(f"{where}/models")).text) for where in (url, base)]
    assert answers[0]["choices"] == answers[1]["choices"]
    assert refused[0].status_code == refused[1].status_code == 400
    assert refused[0].content == refused[1].content
    assert [m["id"] for m in lists[0]["data"]] == [m["id"] for m in lists[1]["data"]]


async def test_errors_of_the_server(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="nobody"):
        await client.chat.completions.create(model="bon-2-nobody", messages=HI)
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        await client.chat.completions.create(model="bon-2-tiny", messages=HI, max_tokens=-1)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_server(
    base: str, requests_running: Callable[[], int], stream: bool
) -> None:
    body = {
        "model": "bon-4-tiny",
        "messages": HI,
        "max_tokens": 8000,
        "ignore_eos": True,
        "stream": stream,
        **FREE,
    }
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        asking = asyncio.create_task(http.post(f"{base}/chat/completions", json=body))
        await until(lambda: requests_running() == 4)
        asking.cancel()
        await until(lambda: requests_running() == 0, seconds=5)


async def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    with anyio.fail_after(seconds):
        while not await anyio.to_thread.run_sync(condition):  # noqa: ASYNC110
            await anyio.sleep(0.05)  # how often to look at the metrics
