"""Steps of a script for :class:`~bestofn.testing.FaultyServer`: what to do to one request.

::

    FaultyServer([*times(3, error(503)), busy(seconds=1), None, stall()])
    FaultyServer(forever(error(500)))
    FaultyServer(lambda asked: hang_up() if asked.number % 7 == 0 else None)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Literal, TypeAlias

from .completions import Answer, Choice, Received, error_body
from .http import as_json

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


@dataclass(frozen=True, kw_only=True)
class Send:
    """Send this instead of an answer. A header's value may be worked out when it is sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str | Callable[[], str]], ...] = ()
    content_type: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Send this share of the answer's bytes (0: not even its head), then do that.

    ``stall`` keeps the connection open without a byte until
    :meth:`~bestofn.testing.FaultyServer.release`, then sends the rest.
    """

    share: float
    then: Literal["close", "reset", "stall"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Change the JSON object of the answer before it is sent."""

    edit: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Say:
    """Answer this, as every choice."""

    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Later:
    """Wait so many seconds more, then do the step (None: answer)."""

    seconds: float
    step: Step | None = None


Step: TypeAlias = "Send | Cut | Change | Say | Later"
Script: TypeAlias = "Sequence[Step | None] | Callable[[Received], Step | None]"
"""One step for each request in the order of arrival (None: answer as usual; after the last step
too), or a rule."""


def times(count: int, step: Step | None) -> list[Step | None]:
    """The same step for so many requests."""
    return [step] * count


def forever(step: Step) -> Callable[[Received], Step]:
    """The same step for every request."""
    return lambda _received: step


def error(
    status: int,
    message: str = "",
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Send:
    """An HTTP error with a JSON body as OpenAI's API writes it."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = error_body(message or f"Scripted error {status}.", kind=kind, param=param, code=code)
    return Send(status=status, body=as_json(body), headers=tuple((headers or {}).items()))


def busy(
    *,
    seconds: float | str | None = None,
    milliseconds: float | None = None,
    date_in: float | None = None,
    status: int = 429,
) -> Send:
    """Too many requests: come back later.

    Args:
        seconds: ``Retry-After`` as a number; text is sent as it is, however odd.
        milliseconds: ``retry-after-ms``, as some services send it.
        date_in: ``Retry-After`` as an HTTP date so many seconds from when it is sent.
        status: Some servers say 503 instead.
    """
    headers: list[tuple[str, str | Callable[[], str]]] = []
    if seconds is not None:
        headers.append(("retry-after", str(seconds)))
    if milliseconds is not None:
        headers.append(("retry-after-ms", str(milliseconds)))
    if date_in is not None:
        ahead = date_in
        headers.append(("retry-after", lambda: formatdate(time.time() + ahead, usegmt=True)))
    plain = error(status, "Rate limit reached.", code="rate_limit_exceeded")
    return Send(status=status, body=plain.body, headers=tuple(headers))


def wrong_key() -> Send:
    """401."""
    return error(401, "Incorrect API key provided.", code="invalid_api_key")


def unknown_model(name: str = "nobody") -> Send:
    """404."""
    return error(404, f"The model `{name}` does not exist.", param="model", code="model_not_found")


def unknown_setting(name: str) -> Send:
    """400: a field of the body that this server does not know."""
    return error(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def context_overflow(most: int = 4096, asked: int = 9000) -> Send:
    """400: the request is longer than the model can read."""
    return error(
        400,
        f"This model's maximum context length is {most} tokens. However, your messages resulted "
        f"in {asked} tokens. Please reduce the length of the messages.",
        param="messages",
        code="context_length_exceeded",
    )


def stall(share: float = 0.0) -> Cut:
    """Nothing more comes after this share of the reply; the connection stays open."""
    return Cut(share=share, then="stall")


def half_body(share: float = 0.5) -> Cut:
    """The connection is closed in the middle of the reply."""
    return Cut(share=share, then="close")


def hang_up(*, reset: bool = False) -> Cut:
    """The connection is closed without a byte."""
    return Cut(share=0.0, then="reset" if reset else "close")


def not_json(text: str = "<html><body>Bad gateway</body></html>") -> Send:
    """200 with a body that is not JSON, as a proxy in between may send it."""
    return Send(status=200, body=text.encode(), content_type="text/html")


def broken_json() -> Send:
    """200 with JSON that ends too early."""
    return Send(status=200, body=b'{"id":"chatcmpl-0","choices":[{"index":0,"mess')


def no_choices(value: object = None) -> Change:
    """200 with ``choices: null`` (or another odd value)."""
    return Change(edit=lambda body: {**body, "choices": value})


def one_choice() -> Change:
    """``n`` is ignored: only the first choice comes."""
    return Change(edit=lambda body: {**body, "choices": body["choices"][:1]})


def without(field: str) -> Change:
    """A field of the reply (``usage``, ``model``) is missing."""
    return Change(edit=lambda body: {name: body[name] for name in body if name != field})


def refusal(text: str = "I will not help with that.") -> Say:
    """The model declines, in the field that is there for it."""
    return Say(answer=Choice(text=None, refusal=text))


def filtered() -> Say:
    """The service's filter stopped the reply."""
    return Say(answer=Choice(text="", finish_reason="content_filter"))


def empty() -> Say:
    """A reply of no text that ended normally."""
    return Say(answer=Choice(text=""))


def cut_off(text: str) -> Say:
    """The reply reached the limit of tokens."""
    return Say(answer=Choice(text=text, finish_reason="length"))


def thinking(text: str, reasoning: str) -> Say:
    """The model's reasoning comes in a field of its own."""
    return Say(answer=Choice(text=text, reasoning=reasoning))
