"""Streams: valid server-sent events, comments while there is no answer, errors as events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse

from .conftest import chat
from .upstream import calls, completion, says

pytestmark = pytest.mark.anyio

URL = "/chat/completions"


def events(text: str) -> tuple[list[Any], int]:
    """The data of a stream's events, and how many comments there are; checks every line."""
    assert text.endswith("\n\n")
    found, comments = [], 0
    for block in text.removesuffix("\n\n").split("\n\n"):
        if block.startswith(":"):
            assert "\n" not in block
            comments += 1
            continue
        (line,) = block.split("\n")
        assert line.startswith("data: ")
        data = line.removeprefix("data: ")
        found.append(data if data == "[DONE]" else json.loads(data))
    return found, comments


def put_together(chunks: list[dict[str, Any]], index: int = 0) -> dict[str, Any]:
    """The message in the chunks of one choice, as clients build it."""
    message: dict[str, Any] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for call in value:
                        call = dict(call)
                        assert call.pop("index") == len(message.setdefault(name, []))
                        message[name].append(call)
                elif isinstance(value, str) and isinstance(message.get(name), str):
                    message[name] += value
                else:
                    message[name] = value
    return message


async def test_the_answer_in_chunks(upstream, gate):
    long = "best " + "wörd " * 700
    upstream.texts = ("good", long)
    body = chat("bon-2-m", stream=True, stream_options={"include_usage": True})
    async with gate() as client:
        answer = await client.post(URL, json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-bestofn-got"] == "2", "known before the first chunk"
    found, comments = events(answer.text)
    assert comments == 0
    assert found.pop() == "[DONE]"
    usage = found.pop()
    assert usage["choices"] == []
    assert usage["usage"]["prompt_tokens"] == 20
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in found)
    assert all(chunk["usage"] is None for chunk in found)
    assert len(found) > 5
    assert put_together(found) == {"role": "assistant", "content": long}
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [
        *[None] * (len(found) - 1),
        "stop",
    ]
    assert found[-1]["bestofn"]["chosen"] == [1]
    assert "stream" not in upstream.samples[0].body
    assert "stream_options" not in upstream.samples[0].body


async def test_without_usage_there_is_no_usage_chunk(upstream, gate):
    async with gate() as client:
        found, _ = events((await client.post(URL, json=chat(stream=True))).text)
    assert found[-1] == "[DONE]"
    assert all(chunk["choices"] and "usage" not in chunk for chunk in found[:-1])


async def test_comments_while_there_is_no_answer(upstream, gate):
    seen = 0

    async def when_commented(asked):
        if not asked.judging:
            await upstream.until(lambda: seen >= 3)
        return

    upstream.answer = when_commented
    text = ""
    async with (
        gate(keep_alive=0.05) as client,
        client.stream("POST", URL, json=chat(stream=True)) as answer,
    ):
        assert answer.status_code == 200
        async for part in answer.aiter_text():
            text += part
            seen = text.count(": keep-alive")
            upstream.change.set()
    found, comments = events(text)
    assert comments >= 3
    assert put_together(found[:-1])["content"] == "best"
    assert found[-2]["bestofn"]["got"] == 4, "told in the stream, as the headers are gone"


async def test_several_choices(upstream, gate):
    async with gate() as client:
        found, _ = events((await client.post(URL, json=chat(stream=True, n=2))).text)
    assert put_together(found[:-1], 0)["content"] == "best"
    assert put_together(found[:-1], 1)["content"] in upstream.texts
    ends = [c["finish_reason"] for chunk in found[:-1] for c in chunk["choices"]]
    assert ends.count("stop") == 2


async def test_calls_thoughts_and_unknown_fields(upstream, gate):
    message = {
        **calls("best"),
        "reasoning_content": "hm " * 400,
        "annotations": [{"x": 1}],
    }
    message["tool_calls"].append({**calls("best")["tool_calls"][0], "id": "call_2"})

    def answer(asked):
        return None if asked.judging else completion(asked.body, [message, calls("bad")])

    upstream.answer = answer
    async with gate() as client:
        found, _ = events((await client.post(URL, json=chat("bon-2-m", stream=True))).text)
    whole = put_together(found[:-1])
    assert whole == {k: v for k, v in message.items() if k != "refusal"}


async def test_probabilities_stand_with_their_text(upstream, gate):
    probabilities = {"content": [{"token": "best", "logprob": -0.1}]}

    def answer(asked):
        body = completion(asked.body, [says("best " * 300)])
        body["choices"][0]["logprobs"] = probabilities
        return body

    upstream.answer = answer
    async with gate() as client:
        found, _ = events((await client.post(URL, json=chat("bon-1-m", stream=True))).text)
    having = [c for chunk in found[:-1] for c in chunk["choices"] if c["logprobs"]]
    assert [(c["logprobs"], c["delta"]) for c in having] == [
        (probabilities, {"content": "best " * 300})
    ]


async def test_text_completions(upstream, gate):
    body = {"model": "bon-4-m", "prompt": "Once", "stream": True}
    async with gate() as client:
        found, _ = events((await client.post("/completions", json=body)).text)
    assert "".join(chunk["choices"][0]["text"] for chunk in found[:-1]) == "best"
    assert found[-2]["choices"][0]["finish_reason"] == "stop"


async def test_an_early_error_has_its_status(upstream, gate):
    upstream.answer = lambda _: JSONResponse(
        {"error": {"message": "slow down", "code": "rate"}}, 429, {"retry-after": "7"}
    )
    async with gate() as client:
        answer = await client.post(URL, json=chat(stream=True))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"]["code"] == "rate"


async def test_a_late_error_is_an_event(upstream, gate):
    started = False

    async def late(asked):
        await upstream.until(lambda: started)
        return JSONResponse({"error": {"message": "broken"}}, 500)

    upstream.answer = late
    text = ""
    async with (
        gate(keep_alive=0.05) as client,
        client.stream("POST", URL, json=chat(stream=True)) as answer,
    ):
        async for part in answer.aiter_text():
            text += part
            started = True
            upstream.change.set()
    found, comments = events(text)
    assert comments
    (error,) = found
    assert "broken" in error["error"]["message"]
    assert error["error"]["code"] == "upstream_error"
