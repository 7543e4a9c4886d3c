"""Which headers pass a gateway (RFC 9110, section 7.6.1), and which keys do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multidict import CIMultiDict

Raw = Iterable[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

KEYS = frozenset({b"api-key", b"x-api-key", b"x-goog-api-key", b"cookie"})
"""Where clients put keys, besides the authorization."""

_REMADE = frozenset({b"host", b"content-length", b"expect", b"accept-encoding", b"authorization"})


def to_upstream(headers: Raw, authorization: str | None, *, keys: bool = True) -> CIMultiDict[str]:
    """The headers of a client's request as the upstream gets them.

    Answers are asked for uncompressed: what they cost is read from them.

    Args:
        headers: Names in lower case.
        authorization: Instead of the client's.
        keys: Whether the client's keys go on where they stand elsewhere.
    """
    headers = list(headers)
    dropped = HOP_BY_HOP | _REMADE | _named(headers) | (frozenset() if keys else KEYS)
    kept = CIMultiDict(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in dropped
    )
    kept["accept-encoding"] = "identity"
    if authorization is not None:
        kept["authorization"] = authorization
    return kept


def to_client(headers: Raw, secrets: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """The headers of an upstream's answer as the client gets them: in order, as written."""
    headers = list(headers)
    dropped = HOP_BY_HOP | _named(headers)
    hidden = [secret.encode() for secret in secrets]
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in dropped and not any(secret in value for secret in hidden)
    ]


def _named(headers: Raw) -> set[bytes]:
    """What the header ``Connection`` declares to be for one hop only."""
    return {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
