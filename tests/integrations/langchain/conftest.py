"""A provider on the loopback that judges, calls tools, fills in forms and talks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx2
import openai
import pytest
from langchain_openai import ChatOpenAI

from bestofn.testing import FaultyServer, Received, judging
from bestofn.testing.faults import Change

WORDS = (
    "The cat sat down beside the window and looked at the rain for a long while before it "
    "fell asleep. "
)


def filled(schema: Mapping[str, Any], words: str) -> Any:
    """A value of a JSON schema, made of what was said."""
    schema = next((it for it in schema.get("anyOf", ()) if it.get("type") != "null"), schema)
    number = re.search(r"-?\d+", words)
    match schema.get("type"):
        case "object":
            return {k: filled(v, words) for k, v in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema.get("items", {"type": "string"}), words)]
        case "integer" | "number":
            return int(number[0]) if number else 3
        case "boolean":
            return True
        case _:
            return words or "words"


def is_judged(received: Received) -> bool:
    """Whether a verdict is wanted: nothing else here is asked in one user message of that kind."""
    return "<selection>" in received.prompt


def provide(received: Received) -> Change | None:
    """What a provider does with tools and response formats; None: it talks."""
    body = received.body
    if is_judged(received):
        return None
    asked = [m for m in body["messages"] if m["role"] == "user"]
    words = str(asked[-1]["content"]) if asked else ""
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or ()}
    choice = body.get("tool_choice")
    called = choice["function"]["name"] if isinstance(choice, dict) else next(iter(tools), None)
    due = body["messages"][-1]["role"] != "tool" or choice not in (None, "auto")
    if tools and due:
        return Change(edit=lambda data: calling(data, tools[called], words))
    form = body.get("response_format")
    if form is not None:
        schema = form.get("json_schema", {}).get("schema")
        if schema is None:  # JSON mode: the keys stand in the prompt
            keys = re.findall(r"'(\w+)'", words)
            schema = {"type": "object", "properties": {key: {"type": "string"} for key in keys}}
        return Change(edit=lambda data: saying(data, json.dumps(filled(schema, words))))
    return None


def calling(data: dict[str, Any], function: Mapping[str, Any], words: str) -> dict[str, Any]:
    for choice in data["choices"]:
        arguments = filled(function.get("parameters", {"type": "object"}), words)
        call = {
            "id": f"call_{data['id']}_{choice['index']}",
            "type": "function",
            "function": {"name": function["name"], "arguments": json.dumps(arguments)},
        }
        choice["message"] |= {"content": None, "tool_calls": [call]}
        choice["finish_reason"] = "tool_calls"
    return data


def saying(data: dict[str, Any], text: str) -> dict[str, Any]:
    for choice in data["choices"]:
        choice["message"]["content"] = text
    return data


def talk(received: Received, index: int) -> str:
    """Words that differ from draw to draw, or a verdict for the longest answer."""
    if is_judged(received):
        answer = judging("longest")(received, index)
        assert isinstance(answer, str)
        return answer
    return f"{WORDS}{'Indeed. ' * ((received.number + index) % 7)}"


@pytest.fixture
def provider() -> Iterator[FaultyServer]:
    """A fresh provider, in a thread of its own."""
    with FaultyServer(provide, answer=talk).in_process() as server:
        yield server


@pytest.fixture(scope="class")
def class_provider() -> Iterator[FaultyServer]:
    """One provider for a class of tests."""
    with FaultyServer(provide, answer=talk).in_process() as server:
        yield server


def open_clients(url: str) -> dict[str, Any]:
    """Settings of ChatOpenAI whose connections end with each answer, and outlive no event loop."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    return {
        "base_url": url,
        "api_key": "any",
        "max_retries": 0,
        "http_client": openai.DefaultHttpxClient(limits=limits),
        "http_async_client": openai.DefaultAsyncHttpxClient(limits=limits),
    }


@pytest.fixture
def chat_at() -> Callable[..., ChatOpenAI]:
    """Makes a chat model of a URL and settings."""

    def make(url: str, **settings: Any) -> ChatOpenAI:
        return ChatOpenAI(**{"model": "loopback", **open_clients(url), **settings})

    return make


@pytest.fixture
def chat(provider: FaultyServer, chat_at: Callable[..., ChatOpenAI]) -> ChatOpenAI:
    """A chat model of the provider."""
    return chat_at(provider.url)


@pytest.fixture(scope="session")
def clients() -> Callable[[str], dict[str, Any]]:
    """:func:`open_clients`, for classes of tests that make their own models."""
    return open_clients


@pytest.fixture(scope="session", name="provide")
def provide_() -> Callable[[Received], Change | None]:
    """:func:`provide`, for servers of one's own."""
    return provide


@pytest.fixture(scope="session", name="talk")
def talk_() -> Callable[[Received, int], str]:
    """:func:`talk`, for servers of one's own."""
    return talk
