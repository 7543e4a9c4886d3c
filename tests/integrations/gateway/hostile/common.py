"""What the tests of hostile clients share: limits that come soon, and what must hold afterwards."""

from __future__ import annotations

import asyncio
import json

import httpx

from ..conftest import chat
from ..wire import PATIENCE, Held

SOON = {"header_seconds": 0.4, "body_seconds": 0.4, "stall_seconds": 0.4, "keep_alive": 0.1}
SMALL = {"header_bytes": 4096, "max_body": 2**16}
LONG = {"header_seconds": PATIENCE, "body_seconds": PATIENCE, "stall_seconds": PATIENCE}
BODY = json.dumps(chat()).encode()
BEST = {"judge": "self-consistency"}


async def serves(client: httpx.AsyncClient) -> None:
    """A good request gets its answer, whatever others do."""
    answer = await client.post("/chat/completions", json=chat(), headers={"connection": "close"})
    assert answer.json()["choices"][0]["message"]["content"] == "best", answer.text


async def until_idle(client: httpx.AsyncClient) -> None:
    """Wait until the gateway works on nothing."""
    page = str(client.base_url).replace("/v1/", "/metrics")
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.get(page, headers={"connection": "close"})
            if "bestofn_gateway_requests_in_flight 0.0" in answer.text:
                return
            await asyncio.sleep(0.02)


def no_more_than(before: Held) -> bool:
    now = Held.now()
    return now.files <= before.files and now.tasks <= before.tasks
