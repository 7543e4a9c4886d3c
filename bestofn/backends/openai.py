"""Models behind an OpenAI-compatible URL."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import anyio

from ..errors import BackendError, InvalidInput
from .concurrency import AdaptiveLimiter
from .dialect import Dialect
from .openai_session import OpenAISession, Server
from .retry import DEFAULT_POLICY, RetryPolicy
from .secrets import Scrubber, Secret

if TYPE_CHECKING:
    import openai

PUBLIC_URL = "https://api.openai.com/v1"
MOST_CONCURRENT = 1000
"""As many connections as the client opens at most."""

_CONNECT_SECONDS = 30.0
_NO_KEY = "no-key"  # the client insists on one; servers without keys do not look at it


class OpenAIBackend:
    """A model behind OpenAI's public API or any URL that speaks its chat protocol.

    The key is read when a session opens: ``api_key``, else the variable ``OPENAI_API_KEY``. A
    server of one's own may need none. The key is sent to ``base_url`` and nowhere else; it is
    never part of a name, an error or a printed backend.

    Args:
        model: As the server names it.
        base_url: Up to and including the version (``http://localhost:8000/v1``); else the
            variable ``OPENAI_BASE_URL``, else the public API.
        api_key: Else from the environment.
        max_concurrency: Most requests of a session under way at once (1 to 1000); fewer while
            the server turns requests away.
        stall_seconds: Longest time without a single byte from the server. Replies come in one
            piece, so this must be longer than the longest reply takes to write.
        longest_seconds: Longest time for one attempt, however busy the line.
        retry: What is repeated, and how often.
        headers: Sent with every request; treated as secret.

    Raises:
        InvalidInput: naming the argument.
    """

    kind: ClassVar[str] = "openai"
    key_variable: ClassVar[str] = "OPENAI_API_KEY"

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        max_concurrency: int = 256,
        stall_seconds: float = 900.0,
        longest_seconds: float = 3600.0,
        retry: RetryPolicy = DEFAULT_POLICY,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not model or not isinstance(model, str):
            raise InvalidInput("model", "must be the name of a model, as the server knows it")
        if not 1 <= max_concurrency <= MOST_CONCURRENT:
            raise InvalidInput("max_concurrency", f"must be 1 to {MOST_CONCURRENT}")
        for name, seconds in (
            ("stall_seconds", stall_seconds),
            ("longest_seconds", longest_seconds),
        ):
            if not seconds > 0:
                raise InvalidInput(name, "must be seconds, more than 0")
        self._model = model
        self._base_url = _checked_url(base_url or os.environ.get("OPENAI_BASE_URL") or PUBLIC_URL)
        self._key = Secret(api_key) if api_key else None
        self._max_concurrency = max_concurrency
        self._stall_seconds = stall_seconds
        self._longest_seconds = longest_seconds
        self._retry = retry
        self._headers = {name: Secret(value) for name, value in (headers or {}).items()}

    @property
    def name(self) -> str:
        """What users call it: ``openai/<model>``."""
        return f"{self.kind}/{self._model}"

    @property
    def identity(self) -> str:
        """Where the answers come from: URL and model."""
        return f"{self._base_url} {self._served_model}"

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._base_url

    @property
    def _served_model(self) -> str:
        return self._model

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r}, base_url={self._base_url!r})"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[OpenAISession]:
        """Open one client with its own connections and its own view of the server's load.

        Raises:
            BackendError: a key is needed and there is none.
        """
        key = (self._key.reveal() if self._key else os.environ.get(self.key_variable, "")).strip()
        if not key and self._public and "authorization" not in map(str.lower, self._headers):
            raise BackendError(
                f"{self.name} needs a key: set the variable {self.key_variable} or pass api_key. "
                "For a server of your own, pass base_url."
            )
        if not (key.isascii() and key.isprintable()):
            raise BackendError(
                f"{self.name}: the key holds characters that no key has; copy it anew"
            )
        headers = {name: secret.reveal() for name, secret in self._headers.items()}
        client = _client(key or _NO_KEY, self._base_url, headers, self._stall_seconds)
        server = Server(
            name=self.name,
            model=self._served_model,
            base_url=self._base_url,
            key_variable=self.key_variable,
            has_key=bool(key),
        )
        try:
            yield OpenAISession(
                client,
                server,
                dialect=self._dialect(),
                limiter=AdaptiveLimiter(self._max_concurrency),
                retry=self._retry,
                scrub=Scrubber([key, *headers.values()]),
                longest_seconds=self._longest_seconds,
            )
        finally:
            with anyio.CancelScope(shield=True):
                await client.close()

    @property
    def _public(self) -> bool:
        host = urlsplit(self._base_url).hostname or ""
        return host == "api.openai.com" or host.endswith(".api.openai.com")

    def _dialect(self) -> Dialect:
        if not self._public:
            return Dialect(self._served_model)
        return Dialect(
            self._served_model,
            refused=("top_k", "repetition_penalty"),
            limit_name="max_completion_tokens",
        )


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("base_url", f"must look like {PUBLIC_URL} or http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        # It is part of names, journals and errors.
        raise InvalidInput("base_url", "may not hold a password or a query; pass headers instead")
    return url.rstrip("/").removesuffix("/chat/completions")


def _client(
    key: str, base_url: str, headers: Mapping[str, str], stall_seconds: float
) -> openai.AsyncOpenAI:
    """A client that neither repeats requests nor ends them early on its own."""
    import openai  # takes most of a second: not for those who need no model

    timeout = openai.Timeout(stall_seconds, connect=_CONNECT_SECONDS, pool=None)
    try:
        http_client = openai.DefaultAioHttpClient(timeout=timeout)
    except RuntimeError:  # aiohttp is not installed: slower, but all the same
        http_client = openai.DefaultAsyncHttpxClient(timeout=timeout)
    return openai.AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        default_headers=headers,
        timeout=timeout,
        max_retries=0,
        http_client=http_client,
    )
