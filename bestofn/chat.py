"""What a model is asked and what it answers: the nouns between policies, judges and backends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .errors import InvalidInput
from .types import Usage

Role = Literal["system", "user", "assistant"]
ReplyStatus = Literal[
    "ok",
    "length",
    "refusal",
    "context_overflow",
    "empty",
    "malformed",
    "stalled",
    "unavailable",
]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation.

    Raises:
        InvalidInput: naming the field.
    """

    role: Role
    content: str

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InvalidInput("Message.role", f"must be one of {', '.join(get_args(Role))}")
        if not isinstance(self.content, str):
            raise InvalidInput(
                "Message.content", f"must be text, got {type(self.content).__name__}"
            )


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a reply is drawn. The defaults are those of the DaJ paper, appendix B.

    A setting that is None is left to the server. A server that refuses a setting by name is
    asked again without it, and :attr:`Reply.ignored` says so.

    Attributes:
        temperature: 0 or more; 0 takes the likeliest token.
        top_p: Share of probability to draw from, above 0 and at most 1.
        top_k: How many tokens to draw from.
        repetition_penalty: Above 1 discourages repetition.
        max_tokens: Longest reply in tokens, reasoning included.
        stop: Texts that end a reply.
        seed: Of the server's random numbers, where it has such a thing.
        extra: Further fields of the request's body, sent as they are.

    Raises:
        InvalidInput: naming the field.
    """

    temperature: float | None = 0.7
    top_p: float | None = 0.8
    top_k: int | None = 20
    repetition_penalty: float | None = 1.05
    max_tokens: int | None = 8192
    stop: tuple[str, ...] = ()
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _in_range("temperature", self.temperature, 0, 10)
        _in_range("top_p", self.top_p, 0, 1, above=True)
        _in_range("top_k", self.top_k, -1, 1 << 31, whole=True)
        _in_range("repetition_penalty", self.repetition_penalty, 0, 100, above=True)
        _in_range("max_tokens", self.max_tokens, 1, 1 << 31, whole=True)
        _in_range("seed", self.seed, -(1 << 63), 1 << 63, whole=True)
        if isinstance(self.stop, str) or not all(isinstance(text, str) for text in self.stop):
            raise InvalidInput("Sampling.stop", "must be a list of texts")
        object.__setattr__(self, "stop", tuple(self.stop))


def _in_range(
    name: str,
    value: object,
    low: float,
    high: float,
    *,
    above: bool = False,
    whole: bool = False,
) -> None:
    if value is None:
        return
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
        raise InvalidInput(f"Sampling.{name}", f"must be a number or None, got {value!r}")
    if not (low < value if above else low <= value) or value > high:
        bound = "above" if above else "at least"
        raise InvalidInput(f"Sampling.{name}", f"must be {bound} {low} and at most {high}")


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """One question to a model.

    Attributes:
        messages: The conversation so far.
        sampling: How to draw the reply.
        sample: Which draw of this very request is meant. A journal answers the same draw again;
            two draws are two calls.

    Raises:
        InvalidInput: there is nothing to answer.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    sample: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(self.messages))
        if not self.messages:
            raise InvalidInput("ChatRequest.messages", "is empty; say what is asked")

    @classmethod
    def ask(cls, text: str, *, sampling: Sampling | None = None, sample: int = 0) -> ChatRequest:
        """A request of a single user message."""
        return cls(
            messages=(Message(role="user", content=text),),
            sampling=sampling or Sampling(),
            sample=sample,
        )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: one recorded outcome of one draw, good or bad.

    Attributes:
        text: The answer, without the reasoning where the server parts them.
        reasoning: The model's thinking, where the server hands it over apart.
        status: ``ok``; ``length`` (cut off at the limit: ``text`` is what there was);
            ``refusal``; ``context_overflow`` (the request is too long for the model);
            ``empty``; ``malformed`` (not the promised JSON); ``stalled`` (nothing came for too
            long); ``unavailable`` (every attempt failed).
        error: What went wrong, in words, without keys.
        finish_reason: As the server gave it.
        model: As the server names itself; empty when it does not say.
        usage: What this draw cost. Of several draws of one request, the prompt is counted once.
        seconds: Wall-clock seconds from the first attempt to the end.
        attempts: How many times the server was asked.
        ignored: Settings that the server did not take.
        recorded: Whether it comes from a journal and was paid for earlier.
        extra: Further fields of the choice as the server gave them (``logprobs``).
    """

    text: str
    reasoning: str = ""
    status: ReplyStatus = "ok"
    error: str = ""
    finish_reason: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    attempts: int = 1
    ignored: tuple[str, ...] = ()
    recorded: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether there is text that may be read: complete, or cut off."""
        return self.status in ("ok", "length") and bool(self.text)


def total(replies: Sequence[Reply]) -> Usage:
    """What several replies cost together."""
    return sum((reply.usage for reply in replies), Usage())
