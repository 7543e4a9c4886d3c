"""Messages: LangChain's own form, OpenAI's for judges, JSON for the journal, chunks for streams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    convert_to_openai_messages,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.utils.function_calling import convert_to_openai_tool

from bestofn import ChatRequest, Problem, Usage
from bestofn.conversations import problem_of, text_of

from .models import jsonable

PIECE = 48
"""Characters of a streamed piece, at least: pieces end with a word."""

_SPEAKERS: Mapping[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}
_UNSHOWN = frozenset(
    ("reasoning", "tool_call", "tool_call_chunk", "invalid_tool_call", "server_tool_call_chunk")
)
_PASSING = ("id", "response_metadata", "usage_metadata")
"""What two equal conversations may differ in."""


def openai_form(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as judges read them."""
    return convert_to_openai_messages(list(messages))


def answer_form(message: AIMessage) -> dict[str, Any]:
    """An answer as judges read it: its words, names of what is not words, and its tool calls.

    Thinking is left out. Calls whose arguments are broken stay, for judges to see.
    """
    parts = [_shown(block) for block in message.content_blocks if block["type"] not in _UNSHOWN]
    calls = [(call["name"], json.dumps(call["args"])) for call in message.tool_calls]
    calls += [(call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    return {
        "role": "assistant",
        "content": parts,
        "tool_calls": [{"function": {"name": name, "arguments": args}} for name, args in calls],
    }


def _shown(block: Any) -> dict[str, Any]:
    if block["type"] == "text":
        return {"type": "text", "text": block["text"]}
    return {"type": block["type"]}


def said(request: ChatRequest) -> list[BaseMessage]:
    """A request of bestofn as messages."""
    return [_SPEAKERS[message.role](message.content) for message in request.messages]


def conversation(
    messages: Sequence[BaseMessage], kwargs: Mapping[str, Any], *, kind: str = "answer"
) -> Problem:
    """What a model is asked, as a problem.

    Args:
        messages: The conversation so far.
        kwargs: What else the model is called with; tools and a response format are read.
        kind: Of the candidates. A program's task that is a single message is taken as it
            stands: judges that run programs look for examples of input and output in it.
    """
    asked = [message for message in messages if not isinstance(message, SystemMessage)]
    if kind == "program" and len(asked) == 1 and (task := text_of(openai_form(asked)[0])).strip():
        return Problem(statement=task, id="conversation")
    wanted = kwargs.get("response_format")
    return problem_of(
        openai_form(messages),
        tools=[_tool(tool) for tool in kwargs.get("tools") or ()],
        response_format=None if wanted is None else _object(wanted),
    )


def _tool(tool: Any) -> dict[str, Any]:
    try:
        return convert_to_openai_tool(tool)
    except (ValueError, TypeError):  # a provider's own kind of tool: shown as it is
        return _object(tool)


def _object(value: Any) -> dict[str, Any]:
    plain = jsonable(value)
    return plain if isinstance(plain, dict) else {"format": plain}


def recorded_form(message: BaseMessage) -> dict[str, Any]:
    """A message as JSON."""
    form: dict[str, Any] = jsonable(message)
    return form


def from_record(form: Mapping[str, Any]) -> AIMessage:
    """The inverse of :func:`recorded_form`, as a message of its own: without the first one's id."""
    return AIMessage.model_validate({**form, "id": None})


def request_form(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as JSON that is equal for equal conversations."""
    forms = [recorded_form(message) for message in messages]
    return [{k: v for k, v in form.items() if k not in _PASSING} for form in forms]


def usage_of(metadata: UsageMetadata | None, *, calls: int = 1) -> Usage:
    """LangChain's count of tokens as bestofn's."""
    if metadata is None:
        return Usage(calls=calls)
    return Usage(
        calls=calls,
        input_tokens=metadata["input_tokens"],
        output_tokens=metadata["output_tokens"],
    )


def as_metadata(usage: Usage) -> UsageMetadata:
    """bestofn's count of tokens as LangChain's."""
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
    )


def chunks_of(message: AIMessage) -> Iterator[AIMessageChunk]:
    """A finished message as a stream: its text in pieces, then all the rest in the last chunk.

    Usage, metadata and tool calls come once, so that adding the chunks up gives the message.
    """
    content = message.content
    if isinstance(content, str):
        *first, content = _pieces(content)
        for piece in first:
            yield AIMessageChunk(content=piece, id=message.id, name=message.name)
    yield AIMessageChunk(
        content=content,
        id=message.id,
        name=message.name,
        additional_kwargs=dict(message.additional_kwargs),
        response_metadata=dict(message.response_metadata),
        usage_metadata=message.usage_metadata,
        tool_call_chunks=_calls(message),
        chunk_position="last",
    )


def _calls(message: AIMessage) -> list[ToolCallChunk]:
    valid = [(call["name"], json.dumps(call["args"]), call["id"]) for call in message.tool_calls]
    broken = [(call["name"], call["args"], call["id"]) for call in message.invalid_tool_calls]
    return [
        tool_call_chunk(name=name, args=args, id=id, index=index)
        for index, (name, args, id) in enumerate([*valid, *broken])
    ]


def _pieces(text: str) -> list[str]:
    pieces, start = [], 0
    while len(text) - start > PIECE:
        end = text.find(" ", start + PIECE) + 1
        if not end:
            break
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]
