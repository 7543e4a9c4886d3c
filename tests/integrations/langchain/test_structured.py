"""Tools and structured output: the inner model's own way, around n samples."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_bestofn import BestOfNChatModel
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel, Field

from bestofn.testing import FaultyServer

pytestmark = pytest.mark.anyio


class Joke(BaseModel):
    """A joke."""

    setup: str = Field(description="its question")
    laughs: int = Field(description="how many laughed")


class Options(BaseCallbackHandler):
    """Keeps the options of every model run, and which have a parent."""

    def __init__(self) -> None:
        self.roots: list[Any] = []
        self.below: list[Any] = []

    def on_chat_model_start(
        self, *args: Any, parent_run_id: Any = None, options: Any = None, **kwargs: Any
    ) -> None:
        kind = (kwargs.get("metadata") or {}).get("ls_provider")
        (self.roots if kind == "bestofn" else self.below).append(options)


METHODS = ["json_schema", "function_calling", "json_mode"]
WORDS = "A joke about 12 cats, with the keys 'setup' and 'laughs'."


@pytest.mark.parametrize("method", METHODS[:2])
async def test_structured_output(provider, chat, method):
    model = BestOfNChatModel(model=chat, n=3).with_structured_output(Joke, method=method)
    seen = Options()
    joke = model.invoke(WORDS, {"callbacks": [seen]})
    assert joke == Joke(setup=WORDS, laughs=12)
    assert await model.ainvoke(WORDS) == joke
    assert [it async for it in model.astream(WORDS)][-1] == joke
    # What LangChain's own test checks of the one run that it knows:
    (options,) = seen.roots
    assert options["ls_structured_output_format"]["schema"] == convert_to_json_schema(Joke)
    assert len(seen.below) == 3
    form = provider.requests[0].body
    assert ("response_format" in form) == (method == "json_schema")
    assert ("tools" in form) == (method == "function_calling")


def test_json_mode(provider, chat):
    model = BestOfNChatModel(model=chat, n=2).with_structured_output(
        {"title": "Joke", "type": "object", "properties": {}}, method="json_mode"
    )
    assert model.invoke(WORDS) == {"setup": WORDS, "laughs": WORDS}
    assert provider.requests[0].body["response_format"] == {"type": "json_object"}


def test_raw_messages_come_with_what_was_read(chat):
    model = BestOfNChatModel(model=chat, n=2).with_structured_output(Joke, include_raw=True)
    result = model.invoke(WORDS)
    assert result["parsed"] == Joke(setup=WORDS, laughs=12)
    assert result["parsing_error"] is None
    assert result["raw"].response_metadata["bestofn"]["samples"] == 2


def test_what_cannot_be_read_is_said(chat_at):
    with FaultyServer(answer="no form at all").in_process() as server:
        model = BestOfNChatModel(model=chat_at(server.url), n=2)
        raw = model.with_structured_output(Joke, method="json_mode", include_raw=True)
        result = raw.invoke(WORDS)
        assert (result["parsed"], result["raw"].text) == (None, "no form at all")
        assert isinstance(result["parsing_error"], OutputParserException)
        with pytest.raises(OutputParserException):
            model.with_structured_output(Joke, method="json_mode").invoke(WORDS)


def test_structured_answers_survive_a_journal(provider, chat, tmp_path):
    model = BestOfNChatModel(model=chat, n=2, journal=tmp_path / "calls.db")
    first = model.with_structured_output(Joke).invoke(WORDS)
    count = provider.count
    assert model.with_structured_output(Joke).invoke(WORDS) == first
    assert provider.count == count


def weather(place: str) -> str:
    """The weather at a place."""
    return f"rain in {place}"


def test_tools_are_bound_in_the_providers_form(provider, chat):
    model = BestOfNChatModel(model=chat, n=2).bind_tools([weather], tool_choice="weather")
    message = model.invoke("Hamburg")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("weather", {"place": "Hamburg"})
    ]
    body = provider.requests[0].body
    assert body["tools"][0]["function"]["name"] == "weather"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert provider.count == 2  # both call the same: nothing to judge


def test_tool_calls_are_streamed_whole(chat):
    model = BestOfNChatModel(model=chat, n=2).bind_tools([weather])
    full: AIMessageChunk | None = None
    for chunk in model.stream("Hamburg"):
        full = chunk if full is None else full + chunk
    assert full is not None
    assert full.tool_calls[0]["args"] == {"place": "Hamburg"}
    assert full.response_metadata["bestofn"]["samples"] == 2


def test_bound_arguments_go_with_tools(provider, chat):
    model = BestOfNChatModel(model=chat.bind(temperature=0.25), n=2).bind_tools([weather])
    model.invoke("Hamburg")
    assert {it.body["temperature"] for it in provider.requests} == {0.25}


def test_a_model_without_tools_says_so():
    model = BestOfNChatModel(model=FakeListChatModel(responses=["x"]), n=2)
    with pytest.raises(NotImplementedError):
        model.bind_tools([weather])
    with pytest.raises(NotImplementedError):
        model.with_structured_output(Joke)


class Copying(FakeListChatModel):
    """Binds tools to a copy of itself, which cannot be carried over."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.model_copy().bind(tools=tools)


def test_a_binding_that_cannot_be_carried_over_is_refused():
    with pytest.raises(NotImplementedError, match="Copying binds this in a way"):
        BestOfNChatModel(model=Copying(responses=["x"]), n=2).bind_tools([weather])
