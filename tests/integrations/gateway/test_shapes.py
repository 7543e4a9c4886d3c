"""Requests as coding agents send them, written down from their own source: raw bodies."""

from __future__ import annotations

import pytest

from .test_streaming import events, put_together

pytestmark = pytest.mark.anyio

URL = "/chat/completions"

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}

AIDER = {  # litellm.completion(model="openai/bon-4-m", ...), as aider calls it
    "model": "bon-4-m",
    "messages": [
        {"role": "system", "content": "Act as an expert software developer."},
        {"role": "user", "content": "I switched to a new code base."},
        {"role": "assistant", "content": "Ok."},
        {"role": "user", "content": [{"type": "text", "text": "Fix it."}, PICTURE]},
    ],
    "stream": True,
    "temperature": 0,
    "stream_options": {"include_usage": True},
}
LITELLM = {  # with tools, and what litellm adds for OpenAI-compatible servers
    "model": "bon-4-m",
    "messages": [
        {"role": "developer", "content": "You can call tools."},
        {"role": "user", "content": "Weather?", "name": "ann"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "no city given"},
        {"role": "user", "content": "In Rome."},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "stop": ["\n\n"],
    "logprobs": True,
    "top_logprobs": 2,
    "metadata": {"tags": ["x"]},
    "extra_headers": {},
    "max_completion_tokens": 100,
}
OLD = {  # functions, as they were before tools
    "model": "bon-2-m",
    "messages": [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "weather", "arguments": "{}"},
        },
        {"role": "function", "name": "weather", "content": "sunny"},
    ],
    "functions": [{"name": "weather", "parameters": {}}],
    "function_call": "auto",
}


@pytest.mark.parametrize("body", [AIDER, LITELLM, OLD], ids=["aider", "litellm", "old"])
async def test_everything_goes_to_the_samples(upstream, gate, body):
    async with gate() as client:
        answer = await client.post(URL, json=body, headers={"user-agent": "litellm/1.0"})
    assert answer.status_code == 200
    ours = {"model", "n", "stream", "stream_options"}
    sent = upstream.samples[0].body
    assert {k: v for k, v in sent.items() if k not in ours} == {
        k: v for k, v in body.items() if k not in ours
    }
    assert sent["model"] == "m"
    prompt = upstream.judgments[0].body["messages"][-1]["content"]
    for message in body["messages"]:
        assert message["role"] in prompt
    assert "iVBORw0KGgo" not in prompt, "pictures are named to the judge, not shown"


async def test_aider_reads_its_stream(upstream, gate):
    async with gate() as client:
        found, _ = events((await client.post(URL, json=AIDER)).text)
    assert put_together(found[:-2])["content"] == "best"
    assert found[-2]["usage"]["total_tokens"] == 75
