"""Samples of one request: its body, sent to the upstream as often as it takes.

The body travels beside the conversation that :class:`~bestofn.ChatRequest` holds, in a backend
that is made for one request; so nothing of it is lost, and the journal keeps the text only.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import anyio

from bestofn import Calls, ChatRequest, Message, Problem, Reply, Sampling, Usage
from bestofn.conversations import candidate_of
from bestofn.errors import InvalidInput
from bestofn.events import CallFinished, Event

from .documents import count, parsed
from .errors import ErrorAnswer, GatewayError, malformed
from .kinds import Kind, encodable
from .names import Plan
from .upstream import Answer, Upstream

USABLE = frozenset({"ok", "length", "refusal", "empty"})
"""Statuses of replies that hold a choice."""

_MOST_HABITS = 4096


class Habits:
    """Which models give one choice only, whatever ``n`` says; learned, forgotten at the end."""

    def __init__(self) -> None:
        self._one_by_one: OrderedDict[str, None] = OrderedDict()

    def one_by_one(self, model: str) -> bool:
        """Whether samples of this model are to be asked for one by one."""
        return model in self._one_by_one

    def gave_one(self, model: str) -> None:
        """Note that several were asked for and one came."""
        self._one_by_one[model] = None
        if len(self._one_by_one) > _MOST_HABITS:
            self._one_by_one.popitem(last=False)


@dataclass(frozen=True, kw_only=True)
class SampleBackend:
    """The model of one request; see :class:`bestofn.backends.Backend`.

    Attributes:
        upstream: Who is asked.
        kind: Chat or text.
        plan: What for.
        headers: That go with each sample.
        habits: What is known of the upstream's models.
        request_id: Keeps the draws of one request apart from those of another in a journal.
    """

    upstream: Upstream
    kind: Kind
    plan: Plan
    headers: Mapping[str, str]
    habits: Habits
    request_id: str

    @property
    def name(self) -> str:
        """As in journals and prices."""
        return f"openai/{encodable(self.plan.model)}"

    @property
    def identity(self) -> str:
        """Upstream, model and request."""
        return f"{self.upstream.url} {encodable(self.plan.model)} {self.request_id}"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[_Session]:
        """The pool is open already."""
        yield _Session(self)


class _Session:
    def __init__(self, backend: SampleBackend) -> None:
        self._backend = backend

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Up to ``n`` samples by one request; a fault comes back as so many failed replies."""
        backend = self._backend
        replies = await self._draw(request, n)
        if n == 1:
            return replies
        refused = replies[0].extra.get("error", {}).get("status") in (400, 422)
        if len(replies) > 1 and not refused:
            return replies
        if refused:  # perhaps of n alone; if not, it is refused again
            replies = await self._draw(request, 1)
            if replies[0].status not in USABLE:
                return replies * n
        backend.habits.gave_one(backend.plan.model)
        return [_without_n(replies[0])]

    async def _draw(self, request: ChatRequest, n: int) -> list[Reply]:
        backend, plan = self._backend, self._backend.plan
        body = {"model": plan.model, **plan.body}
        if n > 1:
            body["n"] = n
        if isinstance(seed := body.get("seed"), int) and not isinstance(seed, bool):
            body["seed"] = seed + request.sample  # as servers do that draw several at once
        raw = json.dumps(body, separators=(",", ":")).encode()
        try:
            answer = await backend.upstream.ask("POST", backend.kind.path, backend.headers, raw)
        except GatewayError as error:
            return [_failed(error.answer)] * n
        if not 200 <= answer.status < 300:
            authorization = backend.headers.get("authorization")
            return [_failed(backend.upstream.refusal(answer, authorization))] * n
        try:
            return _read(answer, backend.kind, n)
        except GatewayError as error:
            return [_failed(error.answer)] * n


def request_of(problem: Problem, plan: Plan, sample: int = 0) -> ChatRequest:
    """How a journal and the budget see a sample of this request."""
    body = plan.body
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    known = isinstance(limit, int) and not isinstance(limit, bool) and 1 <= limit < 1 << 31
    temperature = body.get("temperature")
    return ChatRequest(
        messages=(Message(role="user", content=problem.statement),),
        sampling=Sampling(
            temperature=0.0 if temperature == 0 else None,
            top_p=None,
            top_k=None,
            repetition_penalty=None,
            max_tokens=limit if known else None,
        ),
        sample=sample,
    )


class Collected:
    """A listener that holds the samples as they come, whoever still waits for others."""

    def __init__(self) -> None:
        self.replies: dict[int, Reply] = {}
        """By number of the sample."""

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if isinstance(event, CallFinished) and event.purpose == "sample":
            for offset, reply in enumerate(event.replies):
                self.replies[event.request.sample + offset] = reply


async def draw(calls: Calls, backend: SampleBackend, problem: Problem, *, seconds: float) -> bool:
    """Have all samples of a request drawn; who listens to ``calls`` hears of them.

    Samples are asked for together, as the prompt is then paid once; where the upstream gives one
    at a time, side by side.

    Args:
        calls: The request's.
        backend: The request's.
        problem: What is asked.
        seconds: After which those that are missing are given up.

    Returns:
        Whether the time was enough.
    """
    plan = backend.plan
    with anyio.move_on_after(seconds) as scope:
        if plan.samples == 1 or not backend.habits.one_by_one(plan.model):
            request = request_of(problem, plan)
            await calls.ask(backend, request, n=plan.samples, purpose="sample")
            return True
        async with anyio.create_task_group() as tasks:
            for number in range(plan.samples):
                tasks.start_soon(_one, calls, backend, request_of(problem, plan, number))
    return not scope.cancelled_caught


async def _one(calls: Calls, backend: SampleBackend, request: ChatRequest) -> None:
    await calls.ask(backend, request, purpose="sample")


def error_of(reply: Reply) -> ErrorAnswer:
    """What a client is told of a sample that failed."""
    error = reply.extra.get("error")
    if isinstance(error, Mapping):
        return ErrorAnswer(**error)
    return malformed(reply.error or "The upstream's answer holds no message.")


def _failed(error: ErrorAnswer) -> Reply:
    stalled = error.status == 504
    return Reply(
        text="",
        status="stalled" if stalled else "unavailable",
        error=encodable(error.message),
        usage=Usage(calls=1),
        extra={"error": asdict(error)},
    )


def _without_n(reply: Reply) -> Reply:
    return Reply(
        text=reply.text,
        status=reply.status,
        error=reply.error,
        finish_reason=reply.finish_reason,
        model=reply.model,
        usage=reply.usage,
        ignored=("n",),
        extra=reply.extra,
    )


def _read(answer: Answer, kind: Kind, most: int) -> list[Reply]:
    """The choices of an answer, ``most`` of them; all of its tokens are theirs.

    Raises:
        GatewayError: 502, it is not what the protocol promises.
    """
    try:
        data = parsed(answer.body)
    except ValueError:
        raise GatewayError(malformed("The upstream's answer is not JSON.")) from None
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices:
        raise GatewayError(malformed("The upstream's answer has no choices."))
    choices = choices[:most]
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    around = {name: value for name, value in data.items() if name not in ("choices", "usage")}
    model = data.get("model")
    texts = [_text(kind.message(choice)) for choice in choices]
    shares = _shares(count(usage.get("completion_tokens")), [len(text or "") for text in texts])
    prompt = count(usage.get("prompt_tokens"))
    return [
        _reply(
            choice,
            text,
            around,
            model if isinstance(model, str) else "",
            Usage(calls=1, input_tokens=0 if index else prompt, output_tokens=share),
        )
        for index, (choice, text, share) in enumerate(zip(choices, texts, shares, strict=True))
    ]


def _reply(
    choice: Any, text: str | None, around: Mapping[str, Any], model: str, usage: Usage
) -> Reply:
    if text is None:
        words = "A choice in the upstream's answer holds no message."
        return Reply(text="", status="malformed", error=words, usage=usage)
    reason = choice.get("finish_reason")
    return Reply(
        text=text,
        status="length" if reason == "length" else "ok" if text else "empty",
        finish_reason=reason if isinstance(reason, str) else "",
        model=encodable(model),
        usage=usage,
        extra={"choice": choice, "around": around},
    )


def _text(message: Mapping[str, Any] | None) -> str | None:
    """The words of a message, for the journal; None where there is none that can be judged."""
    if message is None:
        return None
    try:
        return encodable(candidate_of(message, id="sample").text)
    except InvalidInput:
        return None


def _shares(whole: int, weights: list[int]) -> list[int]:
    """Whole numbers in proportion to the weights, which add up to ``whole``."""
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    edges = [whole * sum(weights[:end]) // total for end in range(len(weights) + 1)]
    return [high - low for low, high in pairwise(edges)]
