"""Errors as OpenAI's API writes them: what a client gets, and how an upstream's faults map to it.

::

    upstream                                    client
    400 404 409 413 422 and other 4xx           the same status and words
    401 403, the key is the client's own        the same status and words
    401 403, the key is the gateway's           502 upstream_refused_key, no word of the upstream
    429                                         429, Retry-After kept
    503                                         503, Retry-After kept
    504, or nothing came in time                504 upstream_timeout
    other 5xx and 3xx                           502 upstream_error
    nobody there, connection broken             502 upstream_unreachable
    not the promised JSON                       502 upstream_malformed
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_WORDS = 2000
"""Characters of an upstream's message that are passed on."""

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


@dataclass(frozen=True, kw_only=True)
class ErrorAnswer:
    """An error as a client gets it.

    Attributes:
        status: HTTP status.
        message: What is wrong and what to do about it; never holds a key.
        kind: The ``type`` in the body.
        code: A stable short name.
        param: The field at fault (``bestofn.budget.calls``).
        headers: Further response headers (``retry-after``).
    """

    status: int
    message: str
    kind: str = ""
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        default = "server_error" if self.status >= 500 else "invalid_request_error"
        kind = self.kind or _KINDS.get(self.status, default)
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param,
                "code": self.code,
            }
        }


class GatewayError(Exception):
    """A request ends with an error answer."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def invalid(param: str | None, message: str, *, status: int = 400) -> GatewayError:
    """The client's request cannot be used; ``param`` names the field."""
    return GatewayError(ErrorAnswer(status=status, message=message, param=param))


def no_quota(message: str) -> GatewayError:
    """A budget is spent. Clients are told not to try again."""
    return GatewayError(
        ErrorAnswer(
            status=429,
            message=message,
            kind="insufficient_quota",
            code="insufficient_quota",
            headers={"x-should-retry": "false"},
        )
    )


def too_late(message: str) -> ErrorAnswer:
    """Nothing came in time."""
    return ErrorAnswer(status=504, message=message, code="upstream_timeout")


def unreachable(message: str) -> ErrorAnswer:
    """Nobody is there, or the connection broke."""
    return ErrorAnswer(status=502, message=message, code="upstream_unreachable")


def malformed(message: str) -> ErrorAnswer:
    """The upstream's answer is not what its protocol promises."""
    return ErrorAnswer(status=502, message=message, code="upstream_malformed")


def of_upstream(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    own_key: bool,
    secrets: Sequence[str] = (),
) -> ErrorAnswer:
    """What a client is told of an upstream's HTTP error; see the table above.

    Args:
        status: The upstream's, not a success.
        headers: The upstream's; looked up in lower case.
        body: The upstream's.
        own_key: Whether the request carried the gateway's key and not the client's.
        secrets: Taken out of the upstream's words.
    """
    if status in (401, 403) and own_key:
        return ErrorAnswer(
            status=502,
            message=f"The upstream refuses the gateway's key (HTTP {status}). Whoever runs the "
            "gateway must check the upstream key.",
            code="upstream_refused_key",
        )
    said = _said(body, secrets)
    message = hide(str(said.get("message") or f"The upstream answered HTTP {status}."), secrets)
    kept = {name: headers[name] for name in ("retry-after", "retry-after-ms") if name in headers}
    if status in (429, 503) or 400 <= status < 500:
        kind, code, param = (said.get(name) for name in ("type", "code", "param"))
        return ErrorAnswer(
            status=status,
            message=message[:_WORDS],
            kind=hide(kind, secrets) if isinstance(kind, str) else "",
            code=hide(str(code), secrets) if code is not None else None,
            param=hide(param, secrets) if isinstance(param, str) else None,
            headers=kept if status in (429, 503) else {},
        )
    if status == 504:
        return too_late(message[:_WORDS])
    return ErrorAnswer(
        status=502,
        message=f"The upstream failed (HTTP {status}): {message}"[:_WORDS],
        code="upstream_error",
    )


def hide(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return text


def _said(body: bytes, secrets: Sequence[str]) -> Mapping[str, Any]:
    """The error object in a body of OpenAI's form, FastAPI's, or plain text."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        words = hide(body.decode(errors="replace"), secrets)  # before a cut leaves half of one
        return {"message": " ".join(words[:_WORDS].split())}
    if not isinstance(data, dict):
        return {"message": json.dumps(data)}
    error = data.get("error", data)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return {"message": json.dumps(data)}
    if not isinstance(error.get("message"), str):
        return {**error, "message": json.dumps(error.get("detail", error))}
    return error
