"""The connections to the upstream: one pool for all requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from .errors import ErrorAnswer, GatewayError, malformed, of_upstream, too_late, unreachable
from .settings import Settings

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 4.0
"""How long an unused connection is kept: less than most servers keep theirs (uvicorn: 5 s), so
that no request goes out on a connection that is being closed."""

LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer that is read as a whole."""

_PIECE = 64 * 2**10


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An upstream's whole answer; headers by names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Upstream:
    """Sends requests to one server. Repeats nothing, follows no redirect, keeps no cookie.

    Args:
        settings: Where it is, and for how long to wait for it.
    """

    def __init__(self, settings: Settings) -> None:
        self.url = settings.upstream
        self.secrets: tuple[str, ...] = ()
        """What must never reach a client."""
        self.own_authorization: str | None = None
        """With which the gateway itself goes to the upstream."""
        if settings.upstream_key is not None:
            key = settings.upstream_key.get_secret_value()
            self.secrets = (key,)
            self.own_authorization = f"Bearer {key}"
        self._timeout = settings.timeout
        self._session: aiohttp.ClientSession

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the pool open."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=self._timeout
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("user-agent", "accept", "content-type"),
            max_line_size=_PIECE,
            max_field_size=_PIECE,
        ) as self._session:
            yield

    @asynccontextmanager
    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; its answer's body is read inside the block.

        Args:
            method: Of HTTP.
            path: Below the base URL, with the query, as it goes out (``/models``).
            headers: See :mod:`bestofn_gateway.headers`.
            body: If any.

        Raises:
            GatewayError: 502 or 504, also for what goes wrong inside the block.
        """
        url = URL(self.url + path, encoded=True)
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                yield response
        except TimeoutError:
            raise GatewayError(
                too_late(f"Nothing came from the upstream for {self._timeout:g} seconds.")
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise GatewayError(
                unreachable(f"The upstream cannot be reached: {error.os_error.strerror}.")
            ) from None
        except aiohttp.ClientPayloadError:
            raise GatewayError(
                unreachable("The upstream broke off in the middle of its answer.")
            ) from None
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            raise GatewayError(unreachable("The upstream closed the connection.")) from None
        except aiohttp.ClientError as error:
            raise GatewayError(
                malformed(f"The upstream's answer is not HTTP: {type(error).__name__}.")
            ) from None

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send a request and read the whole answer, whatever its status.

        Raises:
            GatewayError: 502 or 504.
        """
        async with self.request(method, path, headers, body) as response:
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await read_whole(response),
            )

    def refusal(self, answer: Answer, authorization: str | None) -> ErrorAnswer:
        """What a client is told of an answer that is no success.

        Args:
            answer: The upstream's.
            authorization: That was sent.
        """
        return of_upstream(
            answer.status,
            answer.headers,
            answer.body,
            own_key=self.own_authorization is not None and authorization == self.own_authorization,
            secrets=self.secrets,
        )


async def read_whole(response: aiohttp.ClientResponse) -> bytes:
    """The whole body of an answer.

    Raises:
        GatewayError: 502, it is too large.
    """
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise GatewayError(malformed("The upstream's answer is too large."))
    return b"".join(parts)
