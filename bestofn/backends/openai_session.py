"""An open line to an OpenAI-compatible server."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import anyio

from ..chat import ChatRequest, Reply, ReplyStatus
from ..errors import BackendError, InvalidInput, RequestRejected
from ..types import Usage
from .concurrency import AdaptiveLimiter
from .dialect import Dialect
from .refusals import LOAD, PASSING, Refusal, brief
from .retry import Fault, FaultKind, RetryPolicy, keep_asking, retry_after
from .secrets import Scrubber
from .wire import read_body, read_choices

if TYPE_CHECKING:
    import openai

_ABSENT = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
FIRST_ATTEMPTS = 4
"""How often to knock at an address where nobody has ever opened: most likely nobody is there."""

_STATUS_OF: Mapping[str, ReplyStatus] = {"stall": "stalled", "body": "malformed"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """What error messages say about where a request went; holds no key.

    Attributes:
        name: Of the backend.
        model: As the server was asked for it.
        base_url: The server.
        key_variable: Where a key is looked for.
        has_key: Whether there is one.
    """

    name: str
    model: str
    base_url: str
    key_variable: str
    has_key: bool


@dataclass(frozen=True, slots=True)
class _HTTPError:
    status: int
    headers: Mapping[str, str]
    body: str


class OpenAISession:
    """One client, shared by all requests of a run. Made by a backend's ``session``.

    Args:
        client: Repeats nothing on its own.
        server: For error messages.
        dialect: How to write requests; learns from refusals.
        limiter: How many requests may be under way.
        retry: What is repeated.
        scrub: Takes keys out of what the server says.
        longest_seconds: Of a single attempt.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        server: Server,
        *,
        dialect: Dialect,
        limiter: AdaptiveLimiter,
        retry: RetryPolicy,
        scrub: Scrubber,
        longest_seconds: float,
    ) -> None:
        self._client = client
        self._server = server
        self._dialect = dialect
        self._limiter = limiter
        self._retry = retry
        self._scrub = scrub
        self._longest_seconds = longest_seconds
        self._reached = False  # whether anybody was ever there

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Draw ``n`` replies, or as many of them as one request brings.

        Raises:
            RequestRejected: the server will never answer such a request; says what to do.
            InvalidInput: ``Sampling.extra`` cannot be sent, or ``n`` is not positive.
            BackendError: the session is closed, or nobody has ever answered at that address.
        """
        if n < 1:
            raise InvalidInput("n", "must be at least 1")
        if self._client.is_closed():
            raise BackendError(f"the session of {self._server.name} is closed; open a new one")
        if n == 1:
            return await self._draw(request, 1)
        replies: list[Reply] = []
        if not self._dialect.one_by_one:
            replies = await self._draw(request, n)
            if len(replies) > 1:
                return replies
            if replies:
                self._dialect.gave_one(request)
        if not replies:
            replies = await self._draw(request, 1)
        return [replace(reply, ignored=(*reply.ignored, "n")) for reply in replies]

    async def _draw(self, request: ChatRequest, count: int) -> list[Reply]:
        """Up to ``count`` replies by one request; none if it must be made one by one."""
        call = _Call(self, request, count)
        outcome = await keep_asking(self._retry, call.attempt)
        seconds = time.monotonic() - call.started
        if isinstance(outcome, Fault):
            times = "1 attempt" if call.asked == 1 else f"{call.asked} attempts"
            status = _STATUS_OF.get(outcome.kind, "unavailable")
            outcome = call.failure(status, f"{outcome.error} (after {times})")
        return [replace(reply, seconds=seconds, attempts=call.asked) for reply in outcome]

    async def _post(self, body: dict[str, Any]) -> bytes | _HTTPError | Fault:
        """Send one request, once. Nothing of the client's errors leaves here: they hold the key."""
        import openai

        with anyio.move_on_after(self._longest_seconds):
            try:
                answer = await self._client.post("/chat/completions", body=body, cast_to=bytes)
                self._reached = True
                return answer
            except openai.APIStatusError as error:
                self._reached = True
                response = error.response
                return _HTTPError(response.status_code, response.headers, response.text)
            except openai.APIConnectionError as error:  # time-outs are connection errors too
                cause = error.__cause__
                self._reached = self._reached or not _nobody_there(error)
                if type(cause).__name__ in ("ReadTimeout", "WriteTimeout"):
                    return Fault(kind="stall", error="nothing came from the server for too long")
                return self._broken(cause or error)
            except (TypeError, ValueError) as error:
                unsendable = f"cannot be sent as JSON: {error}"
            except Exception as error:  # of the transport: a garbled status line, for one
                return self._broken(error)
            raise InvalidInput("Sampling.extra", unsendable)
        return Fault(kind="stall", error=f"no end after {self._longest_seconds:g} seconds")

    def _broken(self, error: BaseException) -> Fault:
        words = brief(self._scrub(str(error))) or type(error).__name__
        return Fault(kind="connection", error=f"no answer from {self._server.base_url}: {words}")


def _nobody_there(error: BaseException | None) -> bool:
    """Whether a connection failed because there is no such host, or nobody listens there."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        if isinstance(error, OSError) and error.errno in _ABSENT:
            return True
        error = error.__cause__ or error.__context__
    return False


class _Call:
    """One request, through all its attempts."""

    def __init__(self, session: OpenAISession, request: ChatRequest, count: int) -> None:
        self._session = session
        self._request = request
        self._count = count
        self._limited = True
        self._ignored: tuple[str, ...] = ()
        self.asked = 0
        self.started = time.monotonic()

    async def attempt(self) -> list[Reply] | Fault:
        """Ask until the server has understood what it is asked."""
        session = self._session
        ticket = await session._limiter.acquire()
        try:
            if not self.asked:
                self.started = time.monotonic()
            while True:
                body, self._ignored = session._dialect.body(
                    self._request,
                    sample=self._request.sample,
                    count=self._count,
                    limited=self._limited,
                )
                self.asked += 1
                answer = await session._post(body)
                outcome = self._read(answer) if isinstance(answer, bytes) else answer
                if not isinstance(outcome, _HTTPError):
                    if not isinstance(outcome, Fault):
                        session._limiter.answered()
                    elif not session._reached and self.asked >= FIRST_ATTEMPTS:
                        raise BackendError(
                            f"{outcome.error}. Is the server of {session._server.name} running, "
                            "and is base_url right? It usually ends in /v1."
                        )
                    return outcome
                verdict = self._refused(outcome, body, ticket)
                if verdict is not None:
                    return verdict
        finally:
            session._limiter.release()

    def failure(self, status: ReplyStatus, error: str) -> list[Reply]:
        """The same bad outcome for every reply that was asked for."""
        reply = Reply(
            text="", status=status, error=error, usage=Usage(calls=1), ignored=self._ignored
        )
        return [reply] * self._count

    def _read(self, answer: bytes) -> list[Reply] | Fault | _HTTPError:
        answer = self._session._scrub.body(answer)
        data = read_body(answer)
        if isinstance(data, Fault):
            return replace(data, error=self._session._scrub(data.error))
        error = data.get("error")
        if error and not data.get("choices"):  # a gateway's way to pass on what it got
            code = error.get("code") if isinstance(error, dict) else None
            status = code if isinstance(code, int) and 400 <= code < 600 else 500
            return _HTTPError(status, {}, answer.decode(errors="replace"))
        replies = read_choices(data, self._ignored)
        return replies if isinstance(replies, Fault) else replies[: self._count]

    def _refused(
        self, error: _HTTPError, body: dict[str, Any], ticket: int
    ) -> list[Reply] | Fault | None:
        """What follows from an HTTP error; None is: ask again at once, differently."""
        session, status = self._session, error.status
        refusal = Refusal.read(error.body)
        words = brief(session._scrub(refusal.message))
        if (status in PASSING or status >= 500) and not refusal.out_of_credit:
            wait = retry_after(error.headers, session._retry.longest_retry_after)
            if status in LOAD:
                session._limiter.refused(ticket, wait=wait)
            kind: FaultKind = "load" if status in LOAD else "server"
            return Fault(kind=kind, error=f"HTTP {status}: {words}", wait=wait)
        if status in (400, 413, 422):
            remedy = session._dialect.learn(refusal, body)
            if remedy == "one_by_one":
                return []
            if remedy == "again":
                return None
            if remedy == "shorter":
                self._limited = False
                return None
            if refusal.context_overflow or status == 413:
                return self.failure("context_overflow", words)
            if refusal.censored:
                return self.failure("refusal", words)
        raise RequestRejected(f"{words} {_advice(status, session._server)}", status=status)


def _advice(status: int, server: Server) -> str:
    """What a user can do about a refusal that will not pass."""
    where = f"[HTTP {status} from {server.base_url}, model {server.model!r}]"
    if status == 401 and not server.has_key:
        return f"{where} A key is needed: set the variable {server.key_variable} or pass api_key."
    if status == 401:
        return f"{where} Check the key: variable {server.key_variable}, or api_key."
    if status == 403:
        return f"{where} The key may not use this model; check its rights and the model's name."
    if status == 404:
        return (
            f"{where} Check the model's name and base_url, which usually ends in /v1; "
            "the server's own list is at base_url + /models."
        )
    if status in (402, 429):
        return f"{where} The account has no credit left; its owner must add some."
    if status in (400, 413, 422):
        return f"{where} Change the setting that it names (Sampling), or the request."
    return f"{where} Check base_url, which usually ends in /v1."
