"""Who may come in at all, before a body is read."""

from __future__ import annotations

from urllib.parse import urlsplit

from .clients import Client
from .errors import ErrorAnswer, GatewayError
from .settings import is_loopback


def check_local(client: Client) -> None:
    """Refuse what a web page may have sent, where nobody needs a key.

    A browser sends requests to loopback addresses for any page; it names that page as the origin,
    or, where a name was made to point here, another host.

    Raises:
        GatewayError: 403.
    """
    origin, host = client.header(b"origin"), client.header(b"host")
    if (origin is not None and not _local(origin)) or (host and not _local(f"//{host}")):
        raise GatewayError(
            ErrorAnswer(
                status=403,
                message="Without keys this gateway answers programs on its own machine only, "
                "not web pages. Start it with keys to open it to others.",
                code="forbidden_origin",
            )
        )


def _local(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)
