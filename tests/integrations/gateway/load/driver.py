"""Many clients at once, in front of a gateway that has a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running gateway, seen from outside.

    Attributes:
        url: The base URL for clients.
        pid: Of the process.
    """

    url: str
    pid: int

    @property
    def resident(self) -> int:
        """Bytes of memory that are really there."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def files(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def cpu(self) -> float:
        """Processor seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def gateway_process(upstream: str, *options: str) -> Iterator[Process]:
    """``bestofn serve`` on a free port; ends with the block.

    Args:
        upstream: Base URL.
        options: More of the command line.
    """
    command = [sys.executable, "-m", "bestofn_gateway", "--upstream", upstream, "--port", "0"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split()  # bestofn gateway: URL -> UPSTREAM
        assert line, "the gateway did not start"
        yield Process(url=line[2], pid=process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


def clients() -> aiohttp.ClientSession:
    """A session that opens as many connections as there are requests."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
    )


async def ask(
    session: aiohttp.ClientSession, url: str, number: int, fields: dict[str, Any]
) -> dict[str, Any]:
    """One request, like no other.

    Raises:
        RuntimeError: it was not answered.
    """
    question = f"Question {number}: what is {number} plus {number}?"
    body = {"messages": [{"role": "user", "content": question}], **fields}
    async with session.post(f"{url}/chat/completions", json=body) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")
        return dict(await answer.json())


async def burst(
    session: aiohttp.ClientSession, url: str, count: int, fields: dict[str, Any], *, first: int = 0
) -> tuple[float, list[dict[str, Any]]]:
    """So many requests at once: seconds until the last is answered, and the answers.

    Args:
        session: See :func:`clients`.
        url: Base URL of the server.
        count: Requests.
        fields: Of each body.
        first: Number of the first request.
    """
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(ask(session, url, number, fields) for number in range(first, first + count))
    )
    return time.perf_counter() - started, answers


async def steady(
    session: aiohttp.ClientSession,
    url: str,
    count: int,
    fields: dict[str, Any],
    *,
    at_once: int,
    first: int = 0,
) -> None:
    """So many requests, never more than ``at_once`` under way."""
    numbers = iter(range(first, first + count))

    async def client() -> None:
        for number in numbers:
            await ask(session, url, number, fields)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(client())
