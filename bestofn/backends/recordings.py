"""Files of recorded answers: a JSON object a line.

Each line says what was asked and what came back::

    {"prompt": "Which is better?", "reply": "The second."}
    {"messages": [{"role": "user", "content": "Hi"}], "sampling": {"temperature": 0.0},
     "sample": 3, "reply": {"text": "Hello", "reasoning": "a greeting"}}
    {"key": "9f86d0…", "reply": "Hello"}

(the second is one line in the file).

``prompt`` stands for a single user message. ``sampling`` names every setting that was sent; a
line without it answers whatever the settings. ``sample`` counts the draws of one request from 0;
lines without it that ask the same are draws 0, 1, 2 and so on, in their order. ``key`` is what
:func:`request_key` gives, for files that are not to hold prompts. ``reply`` is a text or the
fields of a :class:`~bestofn.chat.Reply`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from ..chat import ChatRequest, Message, Reply, ReplyStatus, Sampling
from ..errors import FormatError, InvalidInput
from ..journal import request_text
from ..types import Usage

_ASKED = ("prompt", "messages", "key")
_FIELDS = frozenset({*_ASKED, "sampling", "sample", "reply"})
_SETTINGS = {field.name: field for field in fields(Sampling)}
_REPLY = {field.name for field in fields(Reply)}
_USAGE = {field.name for field in fields(Usage)}
_TEXTS = ("text", "reasoning", "error", "finish_reason", "model")


def request_key(request: ChatRequest) -> str:
    """What tells one draw of one request from all others: 64 hexadecimal digits."""
    return sha256(request_text(request).encode("utf-8", "surrogatepass")).hexdigest()


def prompt_key(request: ChatRequest) -> str:
    """The same for the conversation alone, whatever the settings and the draw."""
    return "prompt " + request_key(
        ChatRequest(messages=request.messages, sampling=_NO_SETTINGS, sample=0)
    )


_NO_SETTINGS = Sampling(
    temperature=None, top_p=None, top_k=None, repetition_penalty=None, max_tokens=None
)


def recording_line(request: ChatRequest, reply: Reply) -> str:
    """One draw as a line of a recording, without its end of line.

    Raises:
        InvalidInput: ``Sampling.extra`` or ``Reply.extra`` cannot be written as JSON.
    """
    stored = asdict(reply)
    del stored["recorded"]
    line: dict[str, Any] = {**json.loads(request_text(request)), "reply": stored}
    try:
        return json.dumps(line)
    except (TypeError, ValueError) as error:
        raise InvalidInput("Reply.extra", f"cannot be written as JSON: {error}") from error


def read_recording(path: Path) -> dict[str, Reply]:
    """Every reply by its key: :func:`request_key`, or prompt and draw (:func:`loose_key`).

    Raises:
        FormatError: naming the line.
    """
    replies: dict[str, Reply] = {}
    draws: dict[str, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(path, "is not UTF-8 text") from error
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = _object(line)
            key = _key(entry, draws)
            if key in replies:
                raise ValueError("answers what an earlier line answers; give each its 'sample'")
            replies[key] = _reply(entry["reply"])
        except (ValueError, TypeError, RecursionError) as error:
            raise FormatError(path, str(error), row=row) from error
    if not replies:
        raise FormatError(path, "holds no answers")
    return replies


def loose_key(prompt: str, sample: int) -> str:
    """The key of a line without settings.

    Args:
        prompt: As :func:`prompt_key` gives it.
        sample: Which draw.
    """
    return f"{prompt} {sample}"


def _object(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise ValueError("must be a JSON object")
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise ValueError(f"has unknown fields: {', '.join(unknown)}")
    if sum(name in entry for name in _ASKED) != 1 or "reply" not in entry:
        raise ValueError("must have 'reply' and one of 'prompt', 'messages', 'key'")
    return entry


def _key(entry: Mapping[str, Any], draws: dict[str, int]) -> str:
    """Where to find the entry; numbers the draws that carry no number."""
    if "key" in entry:
        if not isinstance(entry["key"], str) or "sampling" in entry or "sample" in entry:
            raise ValueError("'key' must be text and stands alone: no 'sampling', no 'sample'")
        return entry["key"]
    sampling = entry.get("sampling")
    request = ChatRequest(
        messages=_messages(entry),
        sampling=_NO_SETTINGS if sampling is None else _sampling(sampling),
    )
    subject = prompt_key(request) if sampling is None else request_key(request)
    sample = entry.get("sample")
    if sample is None:
        sample = draws.get(subject, 0)
    elif isinstance(sample, bool) or not isinstance(sample, int) or sample < 0:
        raise ValueError("'sample' must be a whole number from 0")
    draws[subject] = sample + 1
    if sampling is None:
        return loose_key(subject, sample)
    return request_key(
        ChatRequest(messages=request.messages, sampling=request.sampling, sample=sample)
    )


def _messages(entry: Mapping[str, Any]) -> tuple[Message, ...]:
    if "prompt" in entry:
        return (Message(role="user", content=entry["prompt"]),)
    messages = entry["messages"]
    if not isinstance(messages, list) or not all(
        isinstance(message, dict) and set(message) == {"role", "content"} for message in messages
    ):
        raise ValueError("'messages' must be a list of objects with 'role' and 'content'")
    return tuple(Message(role=one["role"], content=one["content"]) for one in messages)


def _sampling(settings: Any) -> Sampling:
    if not isinstance(settings, dict) or not set(settings) <= set(_SETTINGS):
        raise ValueError(f"'sampling' may only hold {', '.join(_SETTINGS)}")
    return Sampling(**{**{name: getattr(_NO_SETTINGS, name) for name in _SETTINGS}, **settings})


def _reply(given: Any) -> Reply:
    if isinstance(given, str):
        given = {"text": given, "status": "ok" if given.strip() else "empty"}
    if not isinstance(given, dict) or "text" not in given or not set(given) <= _REPLY:
        raise ValueError(
            f"'reply' must be a text, or 'text' and any of {', '.join(sorted(_REPLY))}"
        )
    if not all(isinstance(given.get(name, ""), str) for name in _TEXTS):
        raise ValueError(f"in 'reply', {', '.join(_TEXTS)} must be texts")
    if given.get("status", "ok") not in get_args(ReplyStatus):
        raise ValueError(f"'reply.status' must be one of {', '.join(get_args(ReplyStatus))}")
    ignored = given.get("ignored", [])
    if not isinstance(ignored, list) or not all(isinstance(name, str) for name in ignored):
        raise ValueError("'reply.ignored' must be a list of texts")
    return Reply(
        **{
            **given,
            "usage": _usage(given.get("usage", {"calls": 1})),
            "ignored": tuple(ignored),
            "recorded": True,
        }
    )


def _usage(given: Any) -> Usage:
    if (
        not isinstance(given, dict)
        or not set(given) <= _USAGE
        or not all(type(value) in (int, float) for value in given.values())
    ):
        raise ValueError(f"'reply.usage' may only hold numbers: {', '.join(sorted(_USAGE))}")
    return Usage(**given)
