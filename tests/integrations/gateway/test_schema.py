"""Any body at all: an error in OpenAI's form that names a field, or an answer its client can read.

Bodies are drawn by hypothesis from what agents send, with parts replaced by anything JSON holds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest
from bestofn_gateway import Settings, running
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import Completion
from openai.types.chat import ChatCompletion

from .upstream import Upstream, serving

BRIEF = settings(
    max_examples=60,
    deadline=None,  # this machine is shared
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
TEXT = st.text(min_size=1, max_size=20).filter(str.strip)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXT)
    | st.just({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}),
    min_size=1,
    max_size=3,
)
CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
MESSAGE = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["system", "developer", "user"]),
        TEXT | PARTS,
    ),
    st.builds(lambda text: {"role": "assistant", "content": text}, TEXT),
    st.just({"role": "assistant", "content": None, "tool_calls": [CALL]}),
    st.builds(lambda text: {"role": "tool", "tool_call_id": "c", "content": text}, TEXT),
)
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
OPTIONS = st.fixed_dictionaries(
    {"judge": st.sampled_from(["model", "self-consistency", "random", "first", "openai/j"])},
    optional={
        "tournament": st.sampled_from(["knockout", "listwise", "round-robin"]),
        "budget": st.fixed_dictionaries(
            {},
            optional={
                "calls": st.integers(1, 9),
                "tokens": st.integers(1000, 9999),
                "seconds": st.floats(5, 60),
            },
        ),
    },
)
VALID = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["bon-1-m", "bon-3-m", "bon-4-other/m"]),
        "messages": st.lists(MESSAGE, min_size=1, max_size=4),
    },
    optional={
        "n": st.integers(1, 4) | st.none(),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "tools": st.just([TOOL]) | st.just([]),
        "tool_choice": st.sampled_from(["auto", "required"]),
        "response_format": st.just({"type": "json_object"}),
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 2**31),
        "stop": st.lists(TEXT, max_size=2),
        "logprobs": st.booleans(),
        "bestofn": OPTIONS,
        "something_new": JSON,
    },
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A valid body in which a field, here or deeper down, holds anything or is gone."""
    body: Any = json.loads(json.dumps(draw(VALID)))
    body.setdefault("bestofn", {})
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        extra = ["n", "stream", "stream_options", "messages", "nn"]
        key = draw(st.sampled_from([*keys, *extra] if isinstance(place, dict) else keys))
        inner = place.get(key) if isinstance(place, dict) else place[key]
        if inner and isinstance(inner, dict | list) and draw(st.booleans()):
            place = inner
            continue
        if isinstance(place, dict) and key in place and draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(JSON)
        return dict(body)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A gateway and its upstream in an event loop that only turns when a test runs it."""

    runner: asyncio.Runner
    upstream: Upstream
    url: str

    def __repr__(self) -> str:
        return "Served()"  # hypothesis shows arguments, and the upstream holds whole requests

    def post(self, path: str, raw: bytes) -> httpx.Response:
        async def go() -> httpx.Response:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                return await client.post(f"{self.url}{path}", content=raw)

        return self.runner.run(go())

    def streamed(self, body: dict[str, Any]) -> ChatCompletion:
        """The same request as a stream, put together by openai's own client."""

        async def go() -> ChatCompletion:
            async with openai.AsyncOpenAI(
                base_url=self.url, api_key="any", max_retries=0, timeout=60
            ) as client:
                known = {"model", "messages"}
                rest = {name: value for name, value in body.items() if name not in known}
                async with client.chat.completions.stream(
                    model=body["model"], messages=body["messages"], extra_body=rest
                ) as stream:
                    async for _ in stream:
                        pass
                    return ChatCompletion.model_validate(
                        (await stream.get_final_completion()).model_dump()
                    )

        return self.runner.run(go())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with asyncio.Runner() as runner:
        upstream = Upstream()
        outer = serving(upstream)
        runner.run(outer.__aenter__())
        inner = running(Settings(upstream=upstream.url, port=0))
        gateway = runner.run(inner.__aenter__())
        yield Served(runner=runner, upstream=upstream, url=gateway.url)
        runner.run(inner.__aexit__(None, None, None))
        runner.run(outer.__aexit__(None, None, None))


def check_error(answer: httpx.Response, body: Any) -> None:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text, body)
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    assert isinstance(error["message"], str)
    assert error["type"] in ("invalid_request_error", "insufficient_quota")
    if isinstance(body, dict) and error["type"] == "invalid_request_error":
        assert error["param"], "a field is at fault, and is named"
        field = error["param"].split(".")[0].split("[")[0]
        assert field in {*body, "messages", "model", "bestofn"}, error


def words(answer: ChatCompletion) -> list[Any]:
    return [
        (
            choice.index,
            choice.finish_reason,
            choice.message.content,
            [
                (call.id, call.function.name, call.function.arguments)
                for call in choice.message.tool_calls or []
                if call.type == "function"
            ],
        )
        for choice in answer.choices
    ]


@BRIEF
@given(body=VALID)
def test_valid_bodies_are_answered(served, body):
    served.upstream.asked.clear()
    answer = served.post("/chat/completions", json.dumps(body).encode())
    if answer.status_code != 200:
        check_error(answer, body)
        assert set(body.get("bestofn", {}).get("budget", {})), (answer.text, body)
        return
    found = ChatCompletion.model_validate_json(answer.content, strict=True)
    told = answer.json()["bestofn"]
    assert len(found.choices) == min(body.get("n") or 1, told["got"])
    assert found.usage is not None
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    sent = served.upstream.samples[0].body
    ours = ("model", "n", "stream", "stream_options", "bestofn", "seed")
    assert {k: v for k, v in sent.items() if k not in ours} == {
        k: v for k, v in body.items() if k not in ours
    }


@BRIEF
@given(body=VALID.filter(lambda body: not body.get("bestofn", {}).get("budget")))
def test_streams_say_the_same(served, body):
    body = {**body, "bestofn": {**body.get("bestofn", {}), "judge": "first"}}
    body["bestofn"].pop("tournament", None)
    body.pop("response_format", None)
    whole = served.post("/chat/completions", json.dumps(body).encode())
    assert whole.status_code == 200, whole.text
    streamed = served.streamed({**body, "stream_options": {"include_usage": True}})
    expected = ChatCompletion.model_validate_json(whole.content)
    assert words(streamed) == words(expected)
    assert streamed.usage is not None
    assert expected.usage is not None
    assert streamed.usage.total_tokens == expected.usage.total_tokens


@BRIEF
@given(body=spoiled())
def test_spoiled_bodies_name_a_field_or_are_answered(served, body):
    concerns_us = "bestofn" in body or str(body.get("model", "")).startswith("bon-")
    answer = served.post("/chat/completions", json.dumps(body).encode())
    if not concerns_us:
        return  # passed through as it is; the upstream's business
    if answer.status_code == 200 and body.get("stream") is True:
        assert answer.text.rstrip().endswith("data: [DONE]")
    elif answer.status_code == 200:
        ChatCompletion.model_validate_json(answer.content)
    else:
        check_error(answer, body)


@BRIEF
@given(value=JSON)
def test_any_json_with_our_name_in_it(served, value):
    answer = served.post("/chat/completions", json.dumps([value, "bestofn"]).encode())
    check_error(answer, None)


@BRIEF
@given(raw=st.binary(max_size=200))
def test_any_bytes_with_our_name_in_them(served, raw):
    check_error(served.post("/chat/completions", b"bon-" + raw), None)


@BRIEF
@given(prompt=TEXT, n=st.integers(1, 4), stream=st.booleans())
def test_text_completions(served, prompt, n, stream):
    body = {"model": "bon-4-m", "prompt": prompt, "n": n, "stream": stream}
    answer = served.post("/completions", json.dumps(body).encode())
    assert answer.status_code == 200, answer.text
    if stream:
        events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
        assert events.pop() == "[DONE]"
        choices = [choice for event in events for choice in json.loads(event)["choices"]]
        ends = [choice["index"] for choice in choices if choice["finish_reason"] is not None]
        assert ends == list(range(n))
    else:
        found = Completion.model_validate_json(answer.content)
        assert [choice.index for choice in found.choices] == list(range(n))
