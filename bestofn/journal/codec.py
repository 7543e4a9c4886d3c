"""Requests and replies as bytes, and the key of a request. JSON only: nothing is unpickled.

Text is UTF-8 in which lone surrogates stand for themselves (``surrogatepass``): whatever Python
can hold in a ``str`` comes back equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

from ..chat import ChatRequest, Message, Reply, Sampling
from ..errors import InvalidInput
from ..types import Usage

_REPLY_FIELDS = tuple(
    field.name for field in fields(Reply) if field.name not in ("usage", "recorded", "extra")
)
_USAGE_FIELDS = tuple(field.name for field in fields(Usage))
_FLOATS = ("temperature", "top_p", "repetition_penalty")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _lenient(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else repr(value)


_canonical = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
).encode
_loose = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_lenient).encode


def to_bytes(text: str) -> bytes:
    """Any ``str``, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The inverse of :func:`to_bytes`."""
    return data.decode("utf-8", "surrogatepass")


def dump(name: str, value: object) -> bytes:
    """JSON of what the caller handed in.

    Raises:
        InvalidInput: naming ``name``, when there is no such JSON.
    """
    try:
        return to_bytes(_loose(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(name, f"cannot be written as JSON: {error}") from error


def load(data: bytes) -> Any:
    """The inverse of :func:`dump`."""
    return json.loads(to_text(data))


def request_text(request: ChatRequest) -> str:
    """Canonical JSON of a request: equal requests give equal text, different ones never do.

    Settings that are left to the server do not appear, so that a setting added in a later
    version changes no key.

    Raises:
        InvalidInput: ``Sampling.extra`` has no JSON form.
    """
    return _text(_messages(request), _sampling(request.sampling), request.sample)


def _text(messages: str, sampling: str, sample: int) -> str:
    return f'{{"messages":{messages},"sample":{sample},"sampling":{sampling}}}'


def _messages(request: ChatRequest) -> str:
    return _canonical([{"content": m.content, "role": m.role} for m in request.messages])


def _sampling(sampling: Sampling) -> str:
    settings: dict[str, Any] = {
        field.name: value
        for field in fields(sampling)
        if (value := getattr(sampling, field.name)) is not None
        and not (field.name in ("stop", "extra") and not value)
    }
    for name in _FLOATS:
        if name in settings:
            settings[name] = float(settings[name]) + 0.0  # 1 is 1.0, and -0.0 is 0.0
    try:
        return _canonical(settings)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("Sampling.extra", f"cannot be written as JSON: {error}") from error


def keys_of(identity: str, request: ChatRequest, n: int = 1) -> list[tuple[bytes, bytes]]:
    """For ``n`` draws of a request from ``request.sample`` on: the journal's key, and the bytes
    of the request.

    The key is the SHA-256 of the canonical JSON of the backend's identity, messages, sampling
    and sample.
    """
    messages, sampling = _messages(request), _sampling(request.sampling)
    head = to_bytes(f'{{"backend":{_canonical(identity)},')
    result = []
    for sample in range(request.sample, request.sample + n):
        body = to_bytes(_text(messages, sampling, sample))
        digest = sha256(head)
        digest.update(memoryview(body)[1:])
        result.append((digest.digest(), body))
    return result


def key_of(identity: str, request: ChatRequest) -> bytes:
    """The journal's key of one draw from one backend."""
    return keys_of(identity, request)[0][0]


def request_of(data: bytes) -> ChatRequest:
    """The request that :func:`keys_of` gave as bytes."""
    stored = load(data)
    left_out = {
        field.name: None for field in fields(Sampling) if field.name not in ("stop", "extra")
    }
    return ChatRequest(
        messages=tuple(Message(**message) for message in stored["messages"]),
        sampling=Sampling(**{**left_out, **stored["sampling"]}),
        sample=stored["sample"],
    )


def reply_bytes(reply: Reply) -> bytes:
    """A reply for storage. Never refuses: what has no JSON form in ``extra`` becomes words."""
    stored: dict[str, Any] = {name: getattr(reply, name) for name in _REPLY_FIELDS}
    stored["usage"] = {name: getattr(reply.usage, name) for name in _USAGE_FIELDS}
    stored["extra"] = reply.extra
    try:
        return to_bytes(_loose(stored))
    except (TypeError, ValueError, RecursionError) as error:
        stored["extra"] = {"not_kept": str(error)}  # a paid reply is worth more than its trimmings
        return to_bytes(_loose(stored))


def reply_of(data: bytes) -> Reply:
    """The reply that :func:`reply_bytes` stored, marked as recorded."""
    stored = load(data)
    stored["usage"] = Usage(**stored["usage"])
    stored["ignored"] = tuple(stored["ignored"])
    return Reply(**stored, recorded=True)
