"""Requests that are the upstream's business: the same bytes go in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bestofn import Usage

from .clients import Client
from .documents import count
from .errors import hide
from .headers import to_client
from .upstream import Upstream, read_whole

_LONGEST_LINE = 4 * 2**20
"""Bytes of an answer, or of one line of a stream, in which the usage is looked for."""

_BYTES_A_TOKEN = 4


async def pass_through(
    client: Client,
    upstream: Upstream,
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
    meter: Meter,
) -> None:
    """Send a request on and its answer back, piece by piece as it comes.

    Args:
        client: Who asks.
        upstream: Who answers.
        method: Of HTTP.
        path: Below the base URL, with the query.
        headers: That the upstream gets.
        body: As the client sent it.
        meter: Reads along.

    Raises:
        GatewayError: the upstream could not be asked; nothing was sent to the client yet.
        ClientGone: it takes nothing any more.
    """
    async with upstream.request(method, path, headers, body) as response:
        head = to_client(response.raw_headers, upstream.secrets)
        if response.status >= 400 and upstream.secrets:
            # Errors are where servers repeat what they were sent, keys included.
            said = (await read_whole(response)).decode("utf-8", "surrogateescape")
            data = hide(said, upstream.secrets).encode("utf-8", "surrogateescape")
            head = [(name, value) for name, value in head if name.lower() != b"content-length"]
            await client.start(response.status, [*head, (b"content-length", b"%d" % len(data))])
            await client.end(data)
            return
        meter.lines = response.content_type == "text/event-stream"
        await client.start(response.status, head)
        async for part in response.content.iter_any():
            meter.read(part)
            await client.write(part)
        await client.end()


class Meter:
    """Reads an answer's usage from the bytes that pass by: a JSON object, or a stream of events.

    Where there is none, the tokens are guessed from the bytes, so that a budget of tokens ends.

    Args:
        asked: Bytes of the request.
        choices: That it asks for; each is a call.
    """

    def __init__(self, asked: int, *, choices: int = 1) -> None:
        self.lines = False
        """Whether the answer is a stream of events, one a line."""
        self._asked = asked
        self._seen = 0
        self._line = bytearray()
        self._skipping = False
        self._found: Mapping[str, Any] | None = None
        self._choices = choices
        self.failed = False
        """Whether the upstream could not be asked."""

    def read(self, part: bytes) -> None:
        """Take the next bytes of the answer."""
        self._seen += len(part)
        if not self.lines:
            self._add(part)
            return
        *lines, rest = part.split(b"\n")
        for line in lines:
            self._add(line)
            self._close()
        self._add(rest)

    @property
    def usage(self) -> Usage:
        """What the request cost, when the answer is over."""
        self._close()
        if self._found is None:
            # A client that goes away before the answer has had the upstream work all the same.
            asked = 0 if self.failed and not self._seen else self._asked // _BYTES_A_TOKEN
            written = self._seen // _BYTES_A_TOKEN
        else:
            asked, written = (
                count(self._found.get(name)) for name in ("prompt_tokens", "completion_tokens")
            )
        return Usage(calls=self._choices, input_tokens=asked, output_tokens=written)

    def _add(self, part: bytes) -> None:
        if self._skipping or len(self._line) + len(part) > _LONGEST_LINE:
            self._skipping = True
            self._line.clear()
        else:
            self._line += part

    def _close(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        skipped, self._skipping = self._skipping, False
        if skipped or b'"usage"' not in line:
            return
        try:
            data = json.loads(line.removeprefix(b"data:"))
        except (ValueError, RecursionError):
            return
        if isinstance(data, dict) and isinstance(data.get("usage"), dict):
            self._found = data["usage"]
            choices = data.get("choices")
            if isinstance(choices, list):
                self._choices = max(self._choices, len(choices))
