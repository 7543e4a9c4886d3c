"""The gateway as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bestofn import BestOfNError

from .answering import event
from .clients import BrokenOff, Client, ClientGone
from .errors import ErrorAnswer, GatewayError
from .gateway import Gateway
from .kinds import CHAT, COMPLETIONS
from .settings import Settings

log = logging.getLogger("bestofn_gateway")

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
        task = asyncio.current_task()
        assert task is not None
        gateway.working.add(task)
        started = time.monotonic()
        metrics.in_flight.inc()
        mode, status = "none", str(_LOST)
        try:
            mode = await self._guarded(client)
            status = str(client.status or _LOST)
        finally:
            gateway.working.discard(task)
            metrics.in_flight.dec()
            metrics.requests.labels(self._route, mode, status).inc()
            metrics.seconds.labels(self._route, mode).observe(time.monotonic() - started)

    async def _guarded(self, client: Client) -> str:
        """Do the work, and tell the client of errors: by a status, or by an event."""
        try:
            return await self._work(client)
        except ClientGone:
            return "gone"
        except asyncio.CancelledError:  # the server is told to end, and its patience is over
            answer = ErrorAnswer(status=503, message="The gateway is being stopped.")
        except BrokenOff as error:
            log.warning("an answer that was passed on broke off: %s", error)
            return "error"  # and the server, for want of its end, closes the connection
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
    served = "/v1/chat/completions, /v1/completions, /v1/models, /metrics, /healthz"
    words = f"{request.method} {request.url.path} is not served; there are {served}."
    answer = ErrorAnswer(status=error.status_code, message=words, code="not_found")
    return JSONResponse(answer.body, status_code=error.status_code, headers=error.headers)
