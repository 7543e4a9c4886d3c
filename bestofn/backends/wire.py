"""The bodies of OpenAI's chat protocol: what is sent, and how an answer is read. No I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from ..chat import ChatRequest, Reply, ReplyStatus
from ..errors import InvalidInput
from ..types import Usage
from .retry import Fault

_OURS = frozenset({"model", "messages", "n", "stream", "stream_options"})
_CUT_OFF = frozenset({"length", "max_tokens", "model_length"})
_CENSORED = frozenset({"content_filter", "safety", "blocklist", "prohibited_content", "refusal"})
_BROKEN_OFF = frozenset({"error", "abort", "cancelled", "insufficient_system_resource"})


def seed_for(seed: int, sample: int) -> int:
    """The number that a server gets as the seed of one draw.

    Servers that draw several replies to one request give the k-th the seed plus k. Following
    samples therefore get following numbers, whether they are asked for together or one by one;
    and requests with different seeds get far-off ones.
    """
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (2**31 - 2**20) + sample


def settings_of(request: ChatRequest, *, sample: int, limit_name: str) -> dict[str, Any]:
    """The settings that a request asks for, by their names in the protocol.

    Args:
        request: Of which only the sampling is read.
        sample: Which draw; its seed is derived.
        limit_name: What this server calls ``max_tokens``.

    Raises:
        InvalidInput: ``Sampling.extra`` names something that is not a setting.
    """
    sampling = request.sampling
    if not _OURS.isdisjoint(sampling.extra):
        names = ", ".join(sorted(_OURS.intersection(sampling.extra)))
        raise InvalidInput("Sampling.extra", f"may not hold {names}: these are not settings")
    settings = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        limit_name: sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else seed_for(sampling.seed, sample),
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    settings.update(sampling.extra)
    return settings


def messages_of(request: ChatRequest) -> list[dict[str, str]]:
    """The conversation as the protocol wants it."""
    return [
        {"role": message.role, "content": encodable(message.content)}
        for message in request.messages
    ]


def encodable(text: str) -> str:
    """``text`` with lone surrogates, which no UTF-8 file or body can hold, replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def read_body(body: bytes) -> dict[str, Any] | Fault:
    """An answer's JSON object, or why there is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:80].decode(errors="replace").strip()
        return Fault(kind="body", error=f"the answer is not JSON; it starts with {start!r}")
    if not isinstance(data, dict):
        return Fault(kind="body", error="the answer is JSON, but not an object")
    return data


def read_choices(data: Mapping[str, Any], ignored: Collection[str] = ()) -> list[Reply] | Fault:
    """Every reply in an answer: at least one, each with its status.

    The tokens of the prompt are counted at the first; those of the replies are shared out by
    length, as servers only give their sum.

    Args:
        data: The answer's JSON object.
        ignored: Settings that the server did not take.
    """
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices:
        what = "no field" if "choices" not in data else f"{json.dumps(choices)[:40]} as"
        return Fault(kind="body", error=f"the answer has {what} 'choices'")
    model = data.get("model")
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    read = [_read_choice(choice) for choice in _in_order(choices)]
    lengths = [len(one["text"]) + len(one["reasoning"]) for one in read]
    shares = _shared_out(_count(usage.get("completion_tokens")), lengths)
    prompt = _count(usage.get("prompt_tokens"))
    return [
        Reply(
            **one,
            model=model if isinstance(model, str) else "",
            usage=Usage(
                calls=1, input_tokens=0 if position else prompt, output_tokens=shares[position]
            ),
            ignored=tuple(ignored),
        )
        for position, one in enumerate(read)
    ]


def _in_order(choices: list[Any]) -> list[Any]:
    try:
        return sorted(choices, key=lambda choice: int(choice["index"]))
    except (KeyError, TypeError, ValueError):
        return choices


def _read_choice(choice: Any) -> dict[str, Any]:
    """The fields of a reply that are the choice's own."""
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return _fields(status="malformed", error="a choice has no message")
    reason = choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else ""
    text, thoughts = _parts(message.get("content"))
    for name in ("reasoning_content", "reasoning"):
        given = message.get(name)
        if isinstance(given, str) and given:
            thoughts = encodable(given)
            break
    status, error = _status(message, text, reason)
    logprobs = choice.get("logprobs")
    return _fields(
        text=text,
        reasoning=thoughts,
        status=status,
        error=error,
        finish_reason=reason,
        extra={} if logprobs is None else {"logprobs": logprobs},
    )


def _fields(
    *,
    text: str = "",
    reasoning: str = "",
    status: ReplyStatus = "ok",
    error: str = "",
    finish_reason: str = "",
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "text": text,
        "reasoning": reasoning,
        "status": status,
        "error": error,
        "finish_reason": finish_reason,
        "extra": extra or {},
    }


def _status(message: Mapping[str, Any], text: str, reason: str) -> tuple[ReplyStatus, str]:
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return "refusal", encodable(refusal)
    kind = reason.lower().split(":")[0]
    if kind in _CENSORED:
        return "refusal", f"the provider's content filter stopped the reply ({reason})"
    if kind in _BROKEN_OFF:
        return "malformed", f"the server broke off the reply ({reason})"
    if kind in _CUT_OFF:
        return "length", "" if text else "the limit was reached before the answer began"
    if text.strip():
        return "ok", ""
    content = message.get("content")
    if content is not None and not isinstance(content, str | list):
        return "malformed", f"the reply's content is {type(content).__name__}, not text"
    if message.get("tool_calls") or message.get("function_call"):
        return "empty", "the reply only calls tools, which were not offered"
    return "empty", "the reply is empty"


def _parts(content: Any) -> tuple[str, str]:
    """Text and thinking of a content that is a text, a list of parts, or neither."""
    if isinstance(content, str):
        return encodable(content), ""
    texts, thoughts = [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(part, dict) and part.get("type") in ("thinking", "reasoning"):
            inner = part.get("thinking", part.get("reasoning"))
            thoughts.append(_parts(inner)[0])
    return encodable("".join(texts)), encodable("".join(thoughts))


def _count(value: Any) -> int:
    """A number of tokens; 0 when the server gives none that makes sense."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return 0
    return value


def _shared_out(total: int, lengths: list[int]) -> list[int]:
    """Whole shares of ``total`` in proportion to ``lengths``; they add up to it."""
    whole = sum(lengths)
    if not whole:
        lengths, whole = [1] * len(lengths), len(lengths)
    shares, seen, given = [], 0, 0
    for length in lengths:
        seen += length
        share = total * seen // whole - given
        given += share
        shares.append(share)
    return shares
