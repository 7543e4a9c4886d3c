"""Serving the application: in a process of its own, or inside a program's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from bestofn import BestOfNError, Calls, InvalidInput, JournalError

from .app import create_app
from .protocol import protocol
from .settings import Settings


@dataclass(frozen=True, kw_only=True)
class Running:
    """A gateway that is listening.

    Attributes:
        url: The base URL for clients (``http://127.0.0.1:8000/v1``).
        app: The application.
    """

    url: str
    app: Starlette


def serve(settings: Settings) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM).

    Raises:
        InvalidInput: it cannot listen there.
    """
    asyncio.run(_try_journal(settings))
    listening = _listen(settings)
    print(f"bestofn gateway: {_url(settings, listening)} -> {settings.upstream}", flush=True)
    _server(settings, create_app(settings)).run(sockets=[listening])


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A gateway in this event loop, until the block ends.

    ::

        async with running(Settings(upstream=url, port=0)) as gateway:
            client = openai.AsyncOpenAI(base_url=gateway.url, api_key="any")

    Raises:
        InvalidInput: it cannot listen there.
    """
    listening = _listen(settings)
    app = create_app(settings)
    server = _server(settings, app)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if task.done():
                task.result()
                raise BestOfNError("the gateway did not start; the log says why")
            await asyncio.sleep(0.005)  # uvicorn has nothing to wait on
        yield Running(url=_url(settings, listening), app=app)
    finally:
        server.should_exit = True
        await task


async def _try_journal(settings: Settings) -> None:
    """Open the journal once, so that a file that cannot be used is known before a request is."""
    try:
        async with Calls(journal=settings.journal):
            pass
    except JournalError as error:
        raise InvalidInput("--journal", str(error)) from error


def _server(settings: Settings, app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol(settings),
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
            backlog=2048,
        )
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named in full: asyncio switches off Nagle's delay (40 ms a request) for what is known as TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host.strip("[]"), settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        where = f"{settings.host}:{settings.port}"
        raise InvalidInput("--port", f"cannot listen on {where}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def _url(settings: Settings, listening: socket.socket) -> str:
    host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listening.getsockname()[1]}/v1"
