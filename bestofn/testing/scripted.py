"""A backend without a server: answers from a list or a function, in this process."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isawaitable
from typing import TypeAlias

import anyio

from ..backends.base import Session
from ..chat import ChatRequest, Reply
from ..errors import UnknownRequest
from ..types import Usage
from .completions import tokens

Scripted: TypeAlias = str | Reply | Exception
"""A text, a whole reply, or an error to raise."""
Replies: TypeAlias = Iterable[Scripted] | Callable[[ChatRequest], Scripted | Awaitable[Scripted]]

_names = itertools.count(1)


class ScriptedBackend:
    """For tests and examples: a model whose answers are known.

    ::

        backend = ScriptedBackend(["def f(): ...", "<selection>2</selection>"])
        backend = ScriptedBackend(lambda request: "<selection>1</selection>")

    Args:
        replies: Answers in the order of the draws, each used once; or a function of the request
            of a single draw (``request.sample`` says which), which may be async.
        name: What it is called.
        identity: What tells it from other models in a journal; by default no two backends made
            in one process share one, as they would answer differently.
        latency: Seconds to each answer.
    """

    def __init__(
        self,
        replies: Replies,
        *,
        name: str = "scripted/model",
        identity: str | None = None,
        latency: float = 0.0,
    ) -> None:
        self._reply = replies if callable(replies) else _in_turn(replies)
        self._name = name
        self._identity = identity or f"scripted {name} {next(_names)}"
        self._latency = latency
        self.requests: list[tuple[ChatRequest, int]] = []
        """Every request with how many draws were wanted."""
        self.in_flight = 0
        """Requests that wait for their replies."""
        self.most_in_flight = 0
        """The largest that :attr:`in_flight` has been."""
        self.sessions = 0
        """How many sessions were opened."""
        self.open_sessions = 0
        """How many of them are still open."""

    @property
    def name(self) -> str:
        """What users call it."""
        return self._name

    @property
    def identity(self) -> str:
        """What tells it from other models in a journal."""
        return self._identity

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Open a line."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Session]:
        self.sessions += 1
        self.open_sessions += 1
        try:
            yield _ScriptedSession(self)
        finally:
            self.open_sessions -= 1

    async def answer(self, request: ChatRequest, n: int) -> list[Reply]:
        """See :class:`~bestofn.backends.base.Session`."""
        self.requests.append((request, n))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await anyio.sleep(self._latency)
            return [await self._draw(request, index) for index in range(n)]
        finally:
            self.in_flight -= 1

    async def _draw(self, request: ChatRequest, index: int) -> Reply:
        answer = self._reply(_sample(request, index))
        if isawaitable(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Reply):
            return answer
        asked = sum(tokens(message.content) for message in request.messages)
        return Reply(
            text=answer,
            status="ok" if answer else "empty",
            finish_reason="stop",
            model=self._name,
            usage=Usage(
                calls=1,
                input_tokens=asked if index == 0 else 0,
                output_tokens=tokens(answer),
            ),
            seconds=self._latency,
        )


class _ScriptedSession:
    def __init__(self, backend: ScriptedBackend) -> None:
        self._backend = backend

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        return await self._backend.answer(request, n)


def _sample(request: ChatRequest, index: int) -> ChatRequest:
    return ChatRequest(
        messages=request.messages, sampling=request.sampling, sample=request.sample + index
    )


def _in_turn(replies: Iterable[Scripted]) -> Callable[[ChatRequest], Scripted]:
    rest = iter(list(replies))

    def reply(request: ChatRequest) -> Scripted:
        for answer in rest:
            return answer
        raise UnknownRequest(
            f"the scripted replies are used up; none is left for {request.messages[-1].content!r}"
        )

    return reply
