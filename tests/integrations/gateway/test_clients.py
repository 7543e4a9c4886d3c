"""Real clients: openai, LangChain and pydantic-ai, with nothing changed but URL and model."""

from __future__ import annotations

from functools import partial

import anyio
import httpx2
import openai
import pytest
from pydantic import BaseModel
from starlette.responses import JSONResponse

from .upstream import completion, says

pytestmark = pytest.mark.anyio

HI = [{"role": "user", "content": "What is the weather?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


class Verdict(BaseModel):
    word: str
    sure: bool


def structured(asked):
    """An upstream that answers in the form that was prescribed."""
    if asked.judging:
        return None
    assert asked.body["response_format"]["json_schema"]["name"] == "Verdict"
    words = ("good", "best", "bad")
    return completion(
        asked.body,
        [says(f'{{"word": "{word}", "sure": true}}') for word in words[: asked.body["n"]]],
    )


@pytest.fixture
def connect(gate):
    """An async openai client of a gateway."""

    def client(address):
        return openai.AsyncOpenAI(base_url=str(address), api_key="any", max_retries=0)

    return client


async def test_openai_async(upstream, gate, connect):
    async with gate() as http, connect(http.base_url) as client:
        answer = await client.chat.completions.create(model="bon-4-m", messages=HI)
        assert answer.choices[0].message.content == "best"
        assert answer.usage.total_tokens == 75
        assert answer.model_extra["bestofn"]["asked"] == 4
        answer = await client.chat.completions.create(
            model="m", messages=HI, extra_body={"bestofn": {"n": 2, "judge": "first"}}
        )
        assert answer.choices[0].message.content == "good"
        assert (await client.models.list()).data[0].id == "m"
        assert (await client.models.retrieve("bon-4-m")).id == "bon-4-m"
        answer = await client.completions.create(model="bon-4-m", prompt="Once")
        assert answer.choices[0].text == "best"


async def test_openai_sync(upstream, gate):
    def ask(url):
        with openai.OpenAI(base_url=url, api_key="any", max_retries=0) as client:
            whole = client.chat.completions.create(model="bon-4-m", messages=HI, n=2)
            stream = client.chat.completions.create(model="bon-4-m", messages=HI, stream=True)
            words = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            return whole, words

    async with gate() as http:
        whole, words = await anyio.to_thread.run_sync(ask, str(http.base_url))
    assert whole.choices[0].message.content == "best"
    assert len(whole.choices) == 2
    assert words == "best"


async def test_openai_stream_helper_accumulates(upstream, gate, connect):
    async with (
        gate() as http,
        connect(http.base_url) as client,
        client.chat.completions.stream(
            model="bon-4-m",
            messages=HI,
            tools=[WEATHER],
            stream_options={"include_usage": True},
        ) as stream,
    ):
        kinds = [event.type async for event in stream]
        final = await stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls
    assert call.id == "call_best"
    assert call.function.parsed_arguments == {"city": "best"}
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.usage.total_tokens == 75
    assert "tool_calls.function.arguments.done" in kinds


async def test_openai_structured_outputs(upstream, gate, connect):
    upstream.answer = structured
    async with gate() as http, connect(http.base_url) as client:
        answer = await client.chat.completions.parse(
            model="bon-3-m", messages=HI, response_format=Verdict
        )
        async with client.chat.completions.stream(
            model="bon-3-m", messages=HI, response_format=Verdict
        ) as stream:
            final = await stream.get_final_completion()
    assert answer.choices[0].message.parsed == Verdict(word="best", sure=True)
    assert final.choices[0].message.parsed == Verdict(word="best", sure=True)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_openai_sees_the_errors_it_knows(upstream, gate, connect, status, error, stream):
    upstream.answer = lambda _: JSONResponse({"error": {"message": "words"}}, status)
    async with gate() as http, connect(http.base_url) as client:
        with pytest.raises(error, match="words"):
            await client.chat.completions.create(model="bon-4-m", messages=HI, stream=stream)


async def test_openai_sees_an_error_in_the_middle_of_a_stream(upstream, gate, connect):
    started = False

    async def late(asked):
        await upstream.until(lambda: started)
        return JSONResponse({"error": {"message": "words"}}, 500)

    upstream.answer = late
    async with gate(keep_alive=0.02) as http, connect(http.base_url) as client:
        stream = await client.chat.completions.create(model="bon-4-m", messages=HI, stream=True)
        started = True
        upstream.change.set()
        with pytest.raises(openai.APIError, match="words"):
            async for _ in stream:
                pass


async def test_langchain(upstream, gate):
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"sunny in {city}"

    async with gate() as http, httpx2.AsyncClient() as own:
        make = partial(
            ChatOpenAI,
            base_url=str(http.base_url),
            api_key="any",
            max_retries=0,
            http_async_client=own,  # its own are never closed
        )
        model = make(model="bon-4-m", stream_usage=True)
        answer = await model.ainvoke("hi")
        assert answer.content == "best"
        assert answer.usage_metadata["total_tokens"] == 75
        parts = [part async for part in model.astream("hi")]
        whole = parts[0]
        for part in parts[1:]:
            whole += part
        assert whole.content == "best"
        assert whole.usage_metadata["total_tokens"] == 75
        called = await model.bind_tools([weather]).ainvoke("hi")
        assert called.tool_calls[0]["args"] == {"city": "best"}
        assert (await anyio.to_thread.run_sync(model.invoke, "hi")).content == "best"
        body = {"bestofn": {"n": 2, "judge": "first"}}
        assert (await make(model="m", extra_body=body).ainvoke("hi")).content == "good"
        upstream.answer = structured
        form = make(model="bon-3-m").with_structured_output(Verdict)
        assert await form.ainvoke("hi") == Verdict(word="best", sure=True)


async def test_pydantic_ai(upstream, gate):
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    def tool_then_words(asked):
        done = not asked.judging and any(m["role"] == "tool" for m in asked.body["messages"])
        return completion(asked.body, [says("good"), says("best")]) if done else None

    upstream.answer = tool_then_words
    asked_for = []
    async with (
        gate() as http,
        openai.AsyncOpenAI(base_url=str(http.base_url), api_key="any", max_retries=0) as client,
    ):
        model = OpenAIChatModel("bon-2-m", provider=OpenAIProvider(openai_client=client))
        agent = Agent(model)

        @agent.tool_plain
        def weather(city: str) -> str:
            """The weather in a city."""
            asked_for.append(city)
            return "sunny"

        result = await agent.run("What is the weather?")
        assert result.output == "best"
        assert asked_for == ["better"], "of two calls, good and better"
        async with agent.run_stream("What is the weather?") as streamed:
            assert await streamed.get_output() == "best"
    assert b"call_better" in upstream.samples[-1].raw, "the conversation went on with the call"
