"""Drawing n samples of one thing through bestofn's gate: budget, journal, events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import anyio
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

from bestofn import BackendError, Calls, ChatRequest, Reply, RequestRejected, Usage

from .backend import reply_of
from .failures import failed, final
from .messages import from_record, recorded_form, usage_of


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one request brought.

    Attributes:
        messages: The samples, at least one.
        usage: Of the whole request.
        value: What else came with it; handed on to its samples.
    """

    messages: tuple[AIMessage, ...]
    usage: UsageMetadata | None
    value: Any = None


Draw: TypeAlias = Callable[[int, int], Awaitable[Drawn]]
"""Makes one request, given the number of its first sample and how many are wanted of it."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One of n.

    Attributes:
        number: Which.
        message: What the model said; None when the draw failed.
        value: What else came with it.
        reply: Status, error and cost.
        usage: LangChain's count of what its request cost now, at the first sample of a request.
    """

    number: int
    message: AIMessage | None
    value: Any
    reply: Reply
    usage: UsageMetadata | None = None

    @property
    def id(self) -> str:
        """As a candidate."""
        return str(self.number)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """All that were drawn.

    Attributes:
        wanted: How many were asked for.
        all: Those that were drawn, failed ones included; fewer than wanted when a budget ended.
        first_error: Of the failed draw with the lowest number.
    """

    wanted: int
    all: tuple[Sample, ...]
    first_error: Exception | None = None

    @property
    def good(self) -> tuple[Sample, ...]:
        """Those that hold a message."""
        return tuple(sample for sample in self.all if sample.message is not None)


class _Source:
    """The model of one invocation, as a backend: what is drawn is kept beside the replies."""

    def __init__(
        self,
        draw: Draw,
        *,
        name: str,
        identity: str,
        fatal: tuple[type[Exception], ...],
    ) -> None:
        self._draw = draw
        self._name = name
        self._identity = identity
        self._fatal = fatal
        self.drawn: dict[int, tuple[AIMessage, Any, UsageMetadata | None]] = {}
        self.errors: dict[int, Exception] = {}

    @property
    def name(self) -> str:
        """What its price is known by."""
        return self._name

    @property
    def identity(self) -> str:
        """What its answers depend on besides the request; not the same model's as a judge, for
        which a line of another kind is opened."""
        return f"samples of {self._identity}"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[_Source]:
        """The line is the model itself."""
        yield self

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Draw once; a model that draws several to a request may bring several."""
        try:
            drawn = await self._draw(request.sample, n)
        except self._fatal:
            raise
        except Exception as error:
            self.errors[request.sample] = error
            return [failed(error)] * n
        replies = []
        for offset, message in enumerate(drawn.messages[:n]):
            usage = None if offset else drawn.usage
            self.drawn[request.sample + offset] = (message, drawn.value, usage)
            reply = reply_of(message, Usage(calls=1) if offset else usage_of(usage))
            replies.append(replace(reply, extra={"message": recorded_form(message)}))
        if len(replies) < n:
            replies = [replace(reply, ignored=("n",)) for reply in replies]
        return replies

    def sample(self, number: int, reply: Reply) -> Sample:
        """Which message a reply stands for; that of an earlier run is read from its record."""
        if number in self.drawn:
            message, value, usage = self.drawn[number]
            return Sample(number=number, message=message, value=value, reply=reply, usage=usage)
        record = reply.extra.get("message")
        said = from_record(record) if record else None
        return Sample(number=number, message=said, value=None, reply=reply)


async def draw_samples(
    calls: Calls,
    request: ChatRequest,
    draw: Draw,
    *,
    n: int,
    name: str,
    identity: str,
    at_once: int = 1,
    fatal: tuple[type[Exception], ...] = (),
) -> Samples:
    """Draw n samples side by side.

    Args:
        calls: The open gate.
        request: What is asked, for the journal.
        draw: Makes the request.
        n: How many are wanted.
        name: The model's, as prices know it.
        identity: What the answers depend on besides the request.
        at_once: How many samples a request brings.
        fatal: Errors that are no failed sample, but end everything.

    Raises:
        BackendError: not one sample could be drawn; its cause is the first error.
    """
    source = _Source(draw, name=name, identity=identity, fatal=fatal)
    replies: dict[int, Reply] = {}

    async def ask(first: int) -> None:
        count = min(at_once, n - first)
        asked = await calls.ask(
            source,
            replace(request, sample=first),
            n=count,
            purpose="sample",
            label={"sample": first},
        )
        replies.update(enumerate(asked, start=first))

    await side_by_side(ask, range(0, n, at_once))
    samples = Samples(
        wanted=n,
        all=tuple(source.sample(number, replies[number]) for number in sorted(replies)),
        first_error=source.errors[min(source.errors)] if source.errors else None,
    )
    if samples.good:
        return samples
    raise _nothing(samples, calls.stopped_by) from samples.first_error


async def side_by_side(
    work: Callable[[int], Coroutine[Any, Any, None]], arguments: Sequence[int]
) -> None:
    """Await for all at once; the first error cancels the others and is raised itself."""
    try:
        async with anyio.create_task_group() as tasks:
            for argument in arguments:
                tasks.start_soon(work, argument)
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from first.__cause__


def _nothing(samples: Samples, stopped_by: str | None) -> BackendError:
    """Why there is no sample; a refusal of the provider stays one."""
    if not samples.all:
        return BackendError(f"the budget of {stopped_by} allowed no sample; raise it")
    error = samples.all[0].reply.error
    words = f"none of {len(samples.all)} samples could be drawn; the first error: {error}"
    known = samples.first_error and final(samples.first_error)
    if isinstance(known, RequestRejected):
        return RequestRejected(words, status=known.status)
    return BackendError(words)
