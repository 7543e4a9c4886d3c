"""Any LangChain chat model as a bestofn backend: a judge, or an author of candidates."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from langchain_core.messages import AIMessage
from langchain_core.runnables import ensure_config

from bestofn import ChatRequest, InvalidInput, Reply, Sampling, Usage

from .failures import Status, failed, final, http_status
from .messages import said, usage_of
from .models import SETTINGS, Model
from .tracing import quiet

LEFT_ALONE = Sampling(
    temperature=None, top_p=None, top_k=None, repetition_penalty=None, max_tokens=None
)
"""Sampling that leaves every setting as it is on the chat model."""

_CUT_OFF = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_CENSORED = frozenset({"content_filter", "safety", "blocklist", "prohibited_content", "refusal"})


class LangChainBackend:
    """A LangChain chat model that bestofn can ask.

    Settings of a request (:class:`bestofn.Sampling`) are set on a copy of the model where it has
    a field for them; the others are named in ``Reply.ignored``, and so are those that its server
    refuses by name. ``Sampling.extra`` is passed to the model as keyword arguments. Its cache is
    not used: two draws are two calls.

    Args:
        model: Any chat model, or one with arguments bound to it.
        asynchronous: Ask by the model's own async methods, which can be cancelled. Only for use
            within one event loop: most clients fail in a second one, and ``bestofn.select``
            opens one each time. By default the model is asked from threads, which always works.

    Raises:
        InvalidInput: ``model`` is not a chat model.
    """

    def __init__(self, model: object, *, asynchronous: bool = False) -> None:
        self._model = Model.of(model)
        self._asynchronous = asynchronous

    @property
    def name(self) -> str:
        """Provider and model: ``openai/gpt-5-mini``."""
        return self._model.name

    @property
    def identity(self) -> str:
        """Name and settings, as a digest that reveals no key."""
        return self._model.identity

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[LangChainSession]:
        """Open a line for one event loop."""
        yield LangChainSession(self._model if self._asynchronous else self._model.threaded())


class LangChainSession:
    """One run's line to a chat model. Made by :meth:`LangChainBackend.session`.

    Args:
        model: Who is asked.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._refused: set[str] = set()

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Draw a reply; several only where the model itself draws several to a request.

        The rest is best asked for one by one.

        Raises:
            RequestRejected: the provider will never answer such requests.
            BackendError: the model has no such method.
            InvalidInput: ``n`` is not positive.
        """
        if n < 1:
            raise InvalidInput("n", "must be at least 1")
        replies = (await self._ask(request, min(n, self._model.draws)))[:n]
        if len(replies) == 1 and n > 1:
            replies = [replace(replies[0], ignored=(*replies[0].ignored, "n"))]
        return replies

    async def _ask(self, request: ChatRequest, n: int) -> list[Reply]:
        started = time.monotonic()
        attempts = 0
        config = quiet(ensure_config(), "bestofn reply")
        while True:
            attempts += 1
            model, sent, ignored = self._set(request)
            try:
                answer = await model.drawing(n).ask(
                    said(request),
                    stop=list(request.sampling.stop) or None,
                    config=config,
                    **request.sampling.extra,
                )
            except Exception as error:
                blamed = _blamed(error, sent)
                if blamed:
                    self._refused |= blamed
                    continue
                if (fatal := final(error)) is not None:
                    raise fatal from error
                replies = [failed(error)]
            else:
                usages = [usage_of(answer.usage), *[Usage(calls=1)] * (len(answer.messages) - 1)]
                replies = [
                    reply_of(message, usage)
                    for message, usage in zip(answer.messages, usages, strict=True)
                ]
            seconds = time.monotonic() - started
            return [
                replace(reply, seconds=seconds, attempts=attempts, ignored=ignored)
                for reply in replies
            ]

    def _set(self, request: ChatRequest) -> tuple[Model, frozenset[str], tuple[str, ...]]:
        """The model with the request's settings, which these are, and which are left out."""
        sampling = request.sampling
        wanted = {
            setting: value
            for setting in SETTINGS
            if (value := getattr(sampling, setting)) is not None
        }
        if "seed" in wanted:  # following samples, following seeds
            wanted["seed"] += request.sample
        refused = self._refused.intersection(wanted)
        model, unknown = self._model.set({k: v for k, v in wanted.items() if k not in refused})
        ignored = tuple(sorted({*refused, *unknown}))
        return model, frozenset(wanted) - set(ignored), ignored


def reply_of(message: AIMessage, usage: Usage) -> Reply:
    """A model's message as an outcome. A message that only calls tools is one without words."""
    about = message.response_metadata
    ends = (about.get(name) for name in ("finish_reason", "stop_reason", "done_reason"))
    reason = next((str(end) for end in ends if end), "")
    text = str(message.text)
    refusal = message.additional_kwargs.get("refusal")
    status: Status = "ok"
    error = ""
    if refusal or reason.lower() in _CENSORED:
        status, error = "refusal", str(refusal or f"the reply was stopped ({reason})")
    elif reason.lower() in _CUT_OFF:
        status, error = "length", "" if text else "the limit was reached before the answer began"
    elif not text.strip() and not message.tool_calls:
        status, error = "empty", "the reply is empty"
    logprobs = about.get("logprobs")
    return Reply(
        text=text,
        reasoning=_reasoning(message),
        status=status,
        error=error,
        finish_reason=reason,
        model=str(about.get("model_name") or about.get("model") or ""),
        usage=usage,
        extra={} if logprobs is None else {"logprobs": logprobs},
    )


def _reasoning(message: AIMessage) -> str:
    blocks = (block for block in message.content_blocks if block["type"] == "reasoning")
    return "\n\n".join(filter(None, (block.get("reasoning", "") for block in blocks)))


def _blamed(error: Exception, sent: frozenset[str]) -> set[str]:
    """The settings that a server refuses by name."""
    if http_status(error) not in (400, 422):
        return set()
    words = str(error)
    unknown = ("unsupported", "unknown", "not support", "unrecognized", "unexpected", "deprecated")
    if not any(word in words.lower() for word in unknown):
        return set()
    return {setting for setting in sent if any(name in words for name in SETTINGS[setting])}
