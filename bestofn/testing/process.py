"""The loopback server as a process of its own, started from here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from ..errors import BestOfNError


@contextmanager
def server_process(*arguments: str) -> Iterator[str]:
    """Start ``python -m bestofn.testing`` and yield its base URL; it ends with the block.

    It also ends when this process dies in whatever way.

    Args:
        arguments: Of its command line; port 0 (a free one) unless they say otherwise.

    Raises:
        BestOfNError: it did not start; its own message is on standard error.
    """
    command = [sys.executable, "-m", "bestofn.testing", "--port", "0", *arguments]
    process = subprocess.Popen(
        [*command, "--until-stdin-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise BestOfNError(f"the loopback server did not start: {' '.join(command)}")
        yield url
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def server_stats(url: str) -> dict[str, Any]:
    """What a running server counted: requests, repeated, choices, most_in_flight and more.

    Args:
        url: Its base URL, as it printed it.
    """
    with urlopen(url.removesuffix("/v1") + "/stats", timeout=10) as page:
        stats: dict[str, Any] = json.load(page)
    return stats
