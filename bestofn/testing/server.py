"""A small OpenAI-compatible server on the loopback that answers, or misbehaves, by script."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from anyio.from_thread import start_blocking_portal

from .behaviours import echo
from .completions import (
    Answer,
    Behaviour,
    Received,
    Unusable,
    completion,
    error_body,
    read_body,
    tokens,
)
from .connection import Connection, Plan, Traffic
from .faults import Change, Cut, Later, Say, Script, Send, Step
from .http import Request, as_json, reply

_CHAT = ("/v1/chat/completions", "/chat/completions")
_MODELS = ("/v1/models", "/models")


class FaultyServer:
    """Answers ``POST /v1/chat/completions`` as told. For tests, demonstrations and benchmarks.

    ::

        async with FaultyServer([error(503), stall()], answer=judging()) as server:
            backend = OpenAIBackend("any", base_url=server.url)

        with FaultyServer(answer="hello").in_process() as server:  # from code that is not async
            ...

    Also serves ``GET /v1/models``, ``/healthz`` and ``/stats`` (see :meth:`stats`). No TLS and
    no streaming. A reply leaves exactly ``latency`` seconds after its request arrived, however
    many are waiting.

    Args:
        script: What to do to which request; see :mod:`bestofn.testing.faults`.
        answer: A text, or a behaviour: a function of the request and the number of the choice.
        latency: Seconds from a request to its reply.
        model: The model it serves; another name is answered 404. None: any name.
        api_key: Required as ``Authorization: Bearer``; None: anybody may ask.
        refuses: Settings that are answered 400 by name, as strict servers do.
        most_choices: A larger ``n`` is ignored in silence, as poor servers do.
        context_tokens: A longer prompt is answered 400; a token is four characters.
        host, port: Where to listen; port 0 takes a free one.
        record: Whether to keep requests for :attr:`requests`; they take memory.
    """

    def __init__(
        self,
        script: Script = (),
        *,
        answer: str | Behaviour = echo,
        latency: float = 0.0,
        model: str | None = None,
        api_key: str | None = None,
        refuses: Sequence[str] = (),
        most_choices: int | None = None,
        context_tokens: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        record: bool = True,
    ) -> None:
        self._script = script
        self._answer = answer
        self._latency = latency
        self._model = model
        self._api_key = api_key
        self._refuses = tuple(refuses)
        self._most_choices = most_choices
        self._context_tokens = context_tokens
        self._host = host
        self._port = port
        self._record = record
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._traffic = Traffic()
        self._bodies: set[bytes] = set()
        self.requests: list[Received] = []
        """Chat requests in the order of arrival."""
        self.count = 0
        """How many chat requests arrived."""
        self.repeated = 0
        """How many had a body that had come before, byte for byte."""
        self.choices = 0
        """How many choices were sent."""
        self.statuses: Counter[int] = Counter()
        """Replies to chat requests by HTTP status; those that were never finished are missing."""

    @property
    def url(self) -> str:
        """The base URL for clients; the server must be open."""
        return f"http://{self._host}:{self._port}/v1"

    @property
    def in_flight(self) -> int:
        """Chat requests that wait for their reply."""
        return self._traffic.waiting

    @property
    def most_in_flight(self) -> int:
        """The largest that :attr:`in_flight` has been."""
        return self._traffic.most_waiting

    @property
    def left(self) -> int:
        """How many clients went away before their reply."""
        return self._traffic.left

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return self._traffic.opened

    def stats(self) -> dict[str, Any]:
        """The counters, as ``GET /stats`` sends them."""
        return {
            "requests": self.count,
            "repeated": self.repeated,
            "choices": self.choices,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "left": self.left,
            "connections": self.connections,
        }

    def release(self) -> None:
        """Let every stalled request go on; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._traffic.release)

    async def __aenter__(self) -> FaultyServer:
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: Connection(self._plan, self._traffic),
            self._host,
            self._port,
            backlog=2048,
            reuse_address=True,
            family=socket.AF_INET6 if ":" in self._host else socket.AF_INET,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._traffic.abort()
        await self._traffic.idle.wait()  # their ends are noticed in the next turn of the loop
        await self._server.wait_closed()

    @contextmanager
    def in_process(self) -> Iterator[FaultyServer]:
        """Serve from a thread of this process, for code that is not async."""
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(self):
            yield self

    def _plan(self, request: Request) -> Plan:
        if request.path in _CHAT and request.method == "POST":
            return self._chat(request)
        return Plan(data=self._page(request))

    def _page(self, request: Request) -> bytes:
        path, method = request.path, request.method
        if path not in (*_CHAT, *_MODELS, "/healthz", "/stats"):
            return _error(Unusable(f"There is nothing at {path}.", status=404), request)
        if method != "GET" or path in _CHAT:
            return _error(Unusable(f"{method} is not served at {path}.", status=405), request)
        if path == "/stats":
            body: object = self.stats()
        elif path == "/healthz":
            body = {"status": "ok"}
        else:
            named = {"id": self._model or "any", "object": "model", "owned_by": "bestofn"}
            body = {"object": "list", "data": [named]}
        return reply(200, as_json(body), keep=request.keep)

    def _chat(self, request: Request) -> Plan:
        number = self.count
        self.count += 1
        digest = hashlib.blake2b(request.body, digest_size=16).digest()
        self.repeated += digest in self._bodies
        self._bodies.add(digest)
        try:
            body = read_body(request.body)
            received = Received(number=number, body=body, headers=request.headers)
            if self._record:
                self.requests.append(received)
            step = self._step(received)
            wait = self._latency
            while isinstance(step, Later):
                wait, step = wait + step.seconds, step.step
            if isinstance(step, Send):
                return Plan(data=self._send(step, request), wait=wait, counts=True)
            self._check(received)
            data = self._complete(received, step, keep=request.keep)
            cut = step if isinstance(step, Cut) else None
            return Plan(data=data, cut=cut, wait=wait, counts=True)
        except Unusable as problem:
            self.statuses[problem.status] += 1
            return Plan(data=_error(problem, request), wait=self._latency, counts=True)

    def _step(self, received: Received) -> Step | None:
        if callable(self._script):
            return self._script(received)
        return self._script[received.number] if received.number < len(self._script) else None

    def _send(self, step: Send, request: Request) -> bytes:
        self.statuses[step.status] += 1
        headers = [(name, value() if callable(value) else value) for name, value in step.headers]
        return reply(
            step.status,
            step.body,
            headers=headers,
            content_type=step.content_type,
            keep=request.keep,
        )

    def _check(self, received: Received) -> None:
        key = self._api_key
        if key is not None and received.headers.get("authorization") != f"Bearer {key}":
            raise Unusable("Incorrect API key provided.", code="invalid_api_key", status=401)
        name = received.body["model"]
        if self._model not in (None, name):
            message = f"The model `{name}` does not exist; this server has `{self._model}`."
            raise Unusable(message, param="model", code="model_not_found", status=404)
        for setting in self._refuses:
            if received.body.get(setting) is not None:
                message = f"Unknown parameter: '{setting}'."
                raise Unusable(message, param=setting, code="unknown_parameter")
        asked = tokens(received.prompt)
        if self._context_tokens is not None and asked > self._context_tokens:
            message = (
                f"This model's maximum context length is {self._context_tokens} tokens. However, "
                f"your messages resulted in {asked} tokens."
            )
            raise Unusable(message, param="messages", code="context_length_exceeded")

    def _complete(self, received: Received, step: Step | None, *, keep: bool) -> bytes:
        wanted = min(received.n, self._most_choices or received.n)
        behaviour = self._answer
        answers: list[Answer] = []
        for index in range(wanted):
            if isinstance(step, Say):
                answers.append(step.answer)
            elif isinstance(behaviour, str):
                answers.append(behaviour)
            else:
                answers.append(behaviour(received, index))
        body: Any = completion(received, answers, model=received.body["model"])
        if isinstance(step, Change):
            body = step.edit(body)
        if not isinstance(step, Cut):
            self.statuses[200] += 1
            self.choices += wanted
        return reply(200, as_json(body), keep=keep)


def _error(problem: Unusable, request: Request) -> bytes:
    body = error_body(
        str(problem), kind="invalid_request_error", param=problem.param, code=problem.code
    )
    return reply(problem.status, as_json(body), keep=request.keep)
