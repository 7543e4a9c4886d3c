"""What an exception of a LangChain model means: an outcome of one call, or the end of all calls."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAuthenticationError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelTimeoutError,
)

from bestofn import BackendError, Reply, RequestRejected, Usage

Status: TypeAlias = Literal[
    "ok",
    "length",
    "refusal",
    "context_overflow",
    "empty",
    "malformed",
    "stalled",
    "unavailable",
]
"""As in :attr:`bestofn.Reply.status`."""

SHOWN = 300
"""Characters of an error that are kept."""

_FOREVER = frozenset({400, 401, 402, 403, 404, 405, 413, 422})
_REJECTED = (
    ModelAuthenticationError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
)
_OVERFLOW = re.compile(
    r"context[_ -](length|size|window)|maximum context|prompt is too long|too many (input )?tokens"
    r"|input is too long|input token count",
    re.I,
)
_CENSORED = re.compile(r"content[_ ](filter|policy|management)|moderation|safety system", re.I)
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient (account )?(balance|credit|funds)", re.I)


def words_of(error: BaseException) -> str:
    """An error on one line: its kind, and what it says."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}"[:SHOWN] if said else type(error).__name__


def failed(error: Exception) -> Reply:
    """The outcome of a call that raised."""
    return Reply(text="", status=_status(error), error=words_of(error), usage=Usage(calls=1))


def final(error: Exception) -> BackendError | None:
    """The error to raise when no request of the kind will ever be answered, else None.

    Rejections of one request for what it holds (too long, against the provider's rules) are an
    outcome of that request.
    """
    if isinstance(error, BackendError):
        return error
    if _status(error) in ("context_overflow", "refusal"):
        return None
    status = http_status(error)
    if isinstance(error, NotImplementedError):
        return BackendError(f"the chat model cannot be asked this way: {words_of(error)}")
    if status in _FOREVER or isinstance(error, _REJECTED) or _NO_CREDIT.search(str(error)):
        return RequestRejected(words_of(error), status=status)
    return None


def http_status(error: Exception) -> int | None:
    """The HTTP status that an error of a provider's client bears."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "code", "http_status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and not isinstance(status, bool):
                return status
    return None


def _status(error: Exception) -> Status:
    said = str(error)
    refused = http_status(error) in (None, 400, 413, 422)
    if isinstance(error, ContextOverflowError) or (refused and _OVERFLOW.search(said)):
        return "context_overflow"
    if refused and _CENSORED.search(said):
        return "refusal"
    if isinstance(error, TimeoutError | ModelTimeoutError) or "Timeout" in type(error).__name__:
        return "stalled"
    if isinstance(error, ValueError) and http_status(error) is None:
        return "malformed"  # what came back could not be read
    return "unavailable"
