"""The gateway as an ASGI application."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from anyio import to_thread
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bestofn import BestOfNError

from .answering import COMMENT, completion, event, stream
from .answering import headers as summary
from .best import BestOf
from .clients import Client, ClientGone, encoded
from .errors import ErrorAnswer, GatewayError, invalid, malformed
from .guarding import check_local
from .headers import to_upstream
from .keys import Account, Keyring
from .kinds import CHAT, COMPLETIONS, Kind
from .metrics import Metrics
from .names import Plan, may_concern_us, plan_of, split_name
from .passing import Meter, pass_through
from .settings import Settings
from .upstream import Upstream

log = logging.getLogger("bestofn_gateway")

_READ_ELSEWHERE = 2**20
"""A longer body is parsed in a thread: it takes the event loop's time otherwise."""

_EVENTS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]

_LOST = 499
"""Counted for clients that went away before the answer, as other servers do."""


def create_app(settings: Settings) -> Starlette:
    """The application; its lifespan holds the connections to the upstream open.

    ::

        app = create_app(Settings(upstream="http://localhost:8000/v1"))
    """
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with gateway.open():
            yield

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/healthz", _Endpoint(gateway, "health"), methods=["GET"]),
            Route("/metrics", _Endpoint(gateway, "metrics"), methods=["GET"]),
            Route("/v1/models", _Endpoint(gateway, "models"), methods=["GET"]),
            Route("/v1/models/{name:path}", _Endpoint(gateway, "models"), methods=["GET"]),
            Route("/v1/chat/completions", _Endpoint(gateway, "chat"), methods=["POST"]),
            Route("/v1/completions", _Endpoint(gateway, "completions"), methods=["POST"]),
        ],
        exception_handlers={404: _nowhere, 405: _nowhere},
    )


class Gateway:
    """What the endpoints do.

    Args:
        settings: Checked.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.upstream = Upstream(settings)
        self.keyring = Keyring(settings.keys)
        self.best = BestOf(settings, self.upstream, self.metrics)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold everything open that requests share."""
        async with self.upstream.open(), self.best.sandbox:
            try:
                yield
            finally:
                await self.best.lines.close()

    def admit(self, client: Client) -> Account:
        """Whose request that is.

        Raises:
            GatewayError: 401 or 403.
        """
        if not self.keyring.asks:
            check_local(client)
        return self.keyring.account(client.header(b"authorization"))

    async def health(self, client: Client) -> None:
        """Whether the server is up; says nothing of the upstream."""
        await client.answer(200, {"status": "ok"})

    async def page(self, client: Client) -> None:
        """The metrics."""
        self.admit(client)
        data = self.metrics.page()
        head = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
        await client.start(200, encoded(head | {"content-length": str(len(data))}))
        await client.end(data)

    async def models(self, client: Client) -> None:
        """The upstream's models, and ``bon-8-<model>`` for each of them by name."""
        self.admit(client)
        name: str = client.scope["path_params"].get("name", "")
        named = split_name(name)
        if named is None:
            path = _below_v1(client.scope)
            await self._pass(client, method="GET", path=path, body=None, meter=Meter(0))
            return
        prefix, escaped = f"bon-{named[0]}-", _below_v1(client.scope)
        path = "/models/" + escaped.removeprefix("/models/").removeprefix(prefix)
        authorization = self._authorization(client)
        sent = to_upstream(client.headers, authorization)
        answer = await client.attend(self.upstream.ask("GET", path, sent))
        if answer.status != 200:
            raise GatewayError(self.upstream.refusal(answer, authorization))
        try:
            model = _object(answer.body)
        except GatewayError as error:
            raise GatewayError(malformed("The upstream's answer is no JSON object.")) from error
        await client.answer(200, {**model, "id": name})

    async def complete(self, client: Client, kind: Kind) -> str:
        """Answer a request for a completion.

        Returns:
            Whether the gateway did something about it: ``best`` or ``pass``.
        """
        account = self.admit(client)
        settings = self.settings
        raw = await client.body(most=settings.max_body, seconds=settings.body_seconds)
        plan, asked = None, 1
        if may_concern_us(raw) or account.limits.calls is not None:
            body = await _parsed(raw)
            plan = plan_of(body, settings)
            n = body.get("n")
            asked = n if isinstance(n, int) and 1 <= n <= settings.max_n else 1
        if plan is not None:
            await self._answer_best(client, plan, kind, account)
            return "best"
        reserved = account.reserve(asked)
        meter = Meter(len(raw))
        try:
            await self._pass(
                client, method="POST", path=_below_v1(client.scope), body=raw, meter=meter
            )
        finally:
            account.settle(reserved, meter.usage)
            self.metrics.spent("pass", meter.usage)
        return "pass"

    async def _pass(
        self, client: Client, *, method: str, path: str, body: bytes | None, meter: Meter
    ) -> None:
        if body is None:
            await client.body(most=self.settings.max_body, seconds=self.settings.body_seconds)
        await client.attend(
            pass_through(
                client,
                self.upstream,
                method=method,
                path=path,
                authorization=self._authorization(client),
                body=body,
                meter=meter,
            )
        )

    async def _answer_best(self, client: Client, plan: Plan, kind: Kind, account: Account) -> None:
        sent = to_upstream(client.headers, self._authorization(client))
        sent["content-type"] = "application/json"
        work = self.best.answer(plan, kind=kind, headers=sent, account=account)
        if not plan.stream:
            outcome = await client.attend(work)
            await client.answer(200, completion(outcome), summary(outcome))
            return

        async def tick() -> None:
            if not client.started:
                await client.start(200, _EVENTS)
            await client.write(COMMENT)

        outcome = await client.attend(work, every=self.settings.keep_alive, tick=tick)
        if not client.started:
            await client.start(200, [*_EVENTS, *encoded(summary(outcome))])
        for part in stream(outcome, kind):
            await client.write(part)
        await client.end()

    def _authorization(self, client: Client) -> str | None:
        """With which to go to the upstream: a key of the gateway's clients goes nowhere."""
        if self.upstream.own_authorization is not None or self.keyring.asks:
            return self.upstream.own_authorization
        return client.header(b"authorization")


class _Endpoint:
    """Answers one route: errors become answers, and everything is counted."""

    def __init__(self, gateway: Gateway, route: str) -> None:
        self._gateway = gateway
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway, metrics = self._gateway, self._gateway.metrics
        client = Client(scope, receive, send, stall_seconds=gateway.settings.stall_seconds)
        if self._route in ("health", "metrics"):
            await self._guarded(client)
            return
        started = time.monotonic()
        metrics.in_flight.inc()
        mode, status = "none", str(_LOST)
        try:
            mode = await self._guarded(client)
            status = str(client.status or _LOST)
        finally:
            metrics.in_flight.dec()
            metrics.requests.labels(self._route, mode, status).inc()
            metrics.seconds.labels(self._route, mode).observe(time.monotonic() - started)

    async def _guarded(self, client: Client) -> str:
        """Do the work, and tell the client of errors: by a status, or by an event."""
        try:
            return await self._work(client)
        except ClientGone:
            return "gone"
        except GatewayError as error:
            answer = error.answer
        except BestOfNError as error:
            log.error("a request failed: %s", error)
            answer = ErrorAnswer(status=500, message=f"The gateway failed: {error}")
        except Exception:
            log.exception("a request failed")
            answer = ErrorAnswer(status=500, message="The gateway failed; its log says why.")
        try:
            await _tell(client, answer)
        except ClientGone:
            return "gone"
        return "error"

    async def _work(self, client: Client) -> str:
        gateway = self._gateway
        if self._route == "chat":
            return await gateway.complete(client, CHAT)
        if self._route == "completions":
            return await gateway.complete(client, COMPLETIONS)
        if self._route == "models":
            await gateway.models(client)
        elif self._route == "metrics":
            await gateway.page(client)
        else:
            await gateway.health(client)
        return "pass"


async def _tell(client: Client, answer: ErrorAnswer) -> None:
    if not client.started:
        await client.answer(answer.status, answer.body, answer.headers)
        return
    await client.write(event(answer.body))
    await client.end()


async def _nowhere(request: Any, error: Any) -> Any:
    from starlette.responses import JSONResponse

    served = "/v1/chat/completions, /v1/completions, /v1/models, /metrics, /healthz"
    words = f"{request.method} {request.url.path} is not served; there are {served}."
    answer = ErrorAnswer(status=error.status_code, message=words, code="not_found")
    return JSONResponse(answer.body, status_code=error.status_code, headers=error.headers)


def _below_v1(scope: Scope) -> str:
    """The path as it was written, without ``/v1``, and the query."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    path = raw.decode("latin-1").removeprefix("/v1")
    return f"{path}?{query.decode('latin-1')}" if query else path


async def _parsed(raw: bytes) -> Mapping[str, Any]:
    if len(raw) < _READ_ELSEWHERE:
        return _object(raw)
    return await to_thread.run_sync(_object, raw)


def _object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        GatewayError: there is none.
    """
    try:
        data = json.loads(raw, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise invalid(None, f"The body is not JSON: {words}.") from None
    if not isinstance(data, dict):
        raise invalid(None, "The body must be a JSON object.")
    return data


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):  # would go on as the word Infinity, which is not JSON
        raise ValueError(f"{number[:20]} is beyond all floating-point numbers")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
