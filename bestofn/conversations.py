"""Conversations as problems, and an assistant's next turns as candidates.

Messages are mappings in the form of OpenAI's chat API, as agents and servers hand them around:
``role``, ``content`` (text, or a list of parts), ``tool_calls``, ``tool_call_id``, ``name``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .errors import InvalidInput
from .judges.neutralize import fenced, on_one_line
from .policies import extract_code
from .types import Candidate, Problem, Usage

Spoken = Mapping[str, Any]
"""One message."""


def problem_of(
    messages: Sequence[Spoken],
    *,
    tools: Sequence[Mapping[str, Any]] = (),
    response_format: Mapping[str, Any] | None = None,
    id: str = "conversation",
) -> Problem:
    """What an assistant is asked: the conversation so far, as a problem whose solution is a turn.

    Args:
        messages: All of them, in order. What is not text (a picture, a file) is named, not shown.
        tools: What the assistant may call, as in a request.
        response_format: The prescribed form of the answer, as in a request.
        id: The problem's; a journal groups by it.

    Raises:
        InvalidInput: naming the message and the field.
    """
    if not messages:
        raise InvalidInput("messages", "is empty; hand in the conversation so far")
    parts = [_turn(number, message) for number, message in enumerate(messages)]
    if tools:
        offered = "\n".join(map(_canonical, tools))
        parts.append(f"Tools that the assistant may call:\n{fenced(offered, 'json')}")
    if response_format is not None:
        form = fenced(_canonical(response_format), "json")
        parts.append(f"The form that the answer must have:\n{form}")
    return Problem(statement="\n\n".join(parts), id=id)


def candidate_of(
    message: Spoken,
    *,
    id: str,
    kind: Literal["answer", "program"] = "answer",
    language: str = "python",
    usage: Usage = Usage(),  # noqa: B008 - frozen
    metadata: Mapping[str, Any] | None = None,
) -> Candidate:
    """An assistant's turn as a candidate.

    Args:
        message: The turn; its role is not looked at.
        id: The candidate's.
        kind: ``answer`` is judged as it stands: the words, then the tool calls in one canonical
            form, so that equal calls are equal candidates whatever the order of their arguments.
            ``program`` is the code in the words, which may be run.
        language: Of a program, as behind a fence.
        usage: What the turn cost.
        metadata: Kept with the candidate.

    Returns:
        A candidate whose ``text`` holds the words as they are. One without words and calls has
        no code, which selecting rejects.

    Raises:
        InvalidInput: naming the field of the message.
    """
    words = text_of(message)
    if kind == "program":
        code = extract_code(words, language=language)
    else:
        code = "\n\n".join(filter(None, (words.strip(), _calls(message))))
    return Candidate(
        id=id,
        code=code,
        text=words,
        kind=kind,
        language=language,
        usage=usage,
        metadata=dict(metadata or {}),
    )


def text_of(message: Spoken) -> str:
    """The words of a message: its text parts, its refusal, and names of what is not text.

    Raises:
        InvalidInput: the content is neither text nor a list of parts.
    """
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        raise InvalidInput("content", f"must be text or a list of parts, got {content!r:.80}")
    return "\n".join(filter(None, map(_part, content)))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise InvalidInput("content", f"has a part that is neither text nor object: {part!r:.80}")
    for field in ("text", "refusal"):
        if isinstance(part.get(field), str):
            return str(part[field])
    return f"[{str(part.get('type', 'part')).removesuffix('_url')}]"


def _turn(number: int, message: Spoken) -> str:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise InvalidInput(f"messages[{number}].role", "is missing; say who speaks")
    about = [str(message[field]) for field in ("name", "tool_call_id") if message.get(field)]
    who = on_one_line(message["role"] + (f" ({', '.join(about)})" if about else ""))
    head = f"{number + 1}. {who}:"
    try:
        words, calls = text_of(message), _calls(message)
    except InvalidInput as error:
        raise InvalidInput(f"messages[{number}].{error.field}", error.message) from error
    shown = [fenced(words)] if words or not calls else []
    if calls:
        shown.append(f"calls\n{fenced(calls)}")
    return "\n".join((head, *shown))


def _calls(message: Spoken) -> str:
    """Tool calls, one a line."""
    calls = message.get("tool_calls") or ()
    if isinstance(calls, str) or not isinstance(calls, Sequence):
        raise InvalidInput("tool_calls", f"must be a list, got {calls!r:.80}")
    old = message.get("function_call")  # what tool calls were called before there were several
    found = [*calls, *([{"function": old}] if old else [])]
    return "\n".join(map(_call, found))


def _call(call: object) -> str:
    inner = call.get("function") or call.get("custom") if isinstance(call, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise InvalidInput("tool_calls", f"has a call without the name of a function: {call!r:.80}")
    given = inner.get("arguments", inner.get("input", ""))
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return f"{inner['name']}({given})"  # broken arguments are for the judge to see
    return f"{inner['name']}({_canonical(given)})"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
