"""What a chat request asks of the loopback server, and how its answer is written down."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Received:
    """One chat request as it arrived.

    Attributes:
        number: Counts the chat requests of a server from 0.
        body: The JSON object.
        headers: Names in lower case. They may hold a key and are not shown by ``repr``.
    """

    number: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def n(self) -> int:
        """How many choices are wanted."""
        return int(self.body.get("n") or 1)

    @cached_property
    def prompt(self) -> str:
        """All messages, one after the other."""
        return "\n".join(_text(message.get("content")) for message in self.body["messages"])

    @property
    def last(self) -> str:
        """The last message."""
        return _text(self.body["messages"][-1].get("content"))

    def rng(self, index: int, *scope: str) -> random.Random:
        """Random numbers for one choice.

        As with real servers: with a ``seed`` the same request gives the same choices (choice
        ``i`` those of ``seed + i``); without one no two choices are alike.
        """
        seed = self.body.get("seed")
        own = f"{self.number}/{index}" if seed is None else f"seed {int(seed) + index}"
        digest = hashlib.blake2b(self.prompt.encode("utf-8", "replace"), digest_size=8)
        return random.Random("/".join((own, digest.hexdigest(), *scope)))


def _text(content: object) -> str:
    if isinstance(content, list):  # parts, as of multimodal requests
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One choice of an answer.

    Attributes:
        text: The content; None is sent as ``null``.
        finish_reason: As servers write it: ``stop``, ``length``, ``content_filter``.
        reasoning: Sent as ``reasoning_content`` beside the content.
        refusal: Sent as ``refusal``.
    """

    text: str | None = ""
    finish_reason: str = "stop"
    reasoning: str = ""
    refusal: str | None = None


Answer: TypeAlias = str | Choice
Behaviour: TypeAlias = Callable[[Received, int], Answer]
"""Called for each choice with the request and the number of the choice."""


def tokens(text: str) -> int:
    """A stand-in for a tokenizer: a token for every four characters begun."""
    return -(-len(text) // 4)


def completion(received: Received, answers: Sequence[Answer], *, model: str) -> dict[str, Any]:
    """The body of a successful reply."""
    choices = [answer if isinstance(answer, Choice) else Choice(text=answer) for answer in answers]
    asked = tokens(received.prompt)
    written = sum(tokens((choice.text or "") + choice.reasoning) for choice in choices)
    return {
        "id": f"chatcmpl-{received.number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [_choice(index, choice) for index, choice in enumerate(choices)],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": written,
            "total_tokens": asked + written,
        },
    }


def _choice(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.text,
        "refusal": choice.refusal,
    }
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": choice.finish_reason,
    }


class Unusable(ValueError):
    """A body that a real server would refuse.

    Args:
        message: In the words of a server.
        param: The field at fault.
        code: A short name of what is wrong.
        status: The HTTP status.
    """

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


def read_body(raw: bytes) -> dict[str, Any]:
    """Check a request's body as far as a server must.

    Raises:
        Unusable: saying why.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Unusable("The body must be a JSON object.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Unusable("'messages' must be a list of at least one message.", param="messages")
    if not all(isinstance(message, dict) and "role" in message for message in messages):
        raise Unusable("Each of 'messages' must be an object with a role.", param="messages")
    if not isinstance(body.get("model"), str):
        raise Unusable("'model' must name a model.", param="model")
    if body.get("stream"):
        raise Unusable("Streaming is not served here: leave 'stream' out.", param="stream")
    _whole(body, "n", 1, 1024)
    _whole(body, "seed", -(1 << 63), (1 << 63) - 1)
    return body


def _whole(body: Mapping[str, Any], name: str, low: int, high: int) -> None:
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Unusable(f"{name!r} must be a whole number from {low} to {high}.", param=name)


def error_body(
    message: str, *, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """The body of an error as OpenAI's API and its imitators write it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
