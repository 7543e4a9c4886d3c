"""Starts runs that may be killed at any point; a program of its own, see test_killed.py.

Each line of standard input (journal, log of replies used, port) becomes one run in a fork: to
import the package afresh for each of a hundred runs would take minutes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply
from bestofn.types import Usage

WAVES, WIDTH, SAMPLES = 3, 8, 2
CALLS = 41
"""Of the 48 that the run would like."""


@dataclass(frozen=True)
class Loopback:
    port: int
    name: str = "loopback/model"
    identity: str = "loopback model"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Loopback]:
        yield self

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        question = {
            "pid": os.getpid(),
            "prompt": request.messages[0].content,
            "sample": request.sample,
            "n": n,
        }
        writer.write(json.dumps(question).encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        return [Reply(text=text, usage=Usage(calls=1, input_tokens=7)) for text in answer]


async def run(journal: str, used: str, port: int) -> str:
    """Waves of questions; each wave depends on the replies to the one before."""
    backend = Loopback(port)
    log = os.open(used, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    state = "start"

    async with Calls(journal=journal, budget=Budget(calls=CALLS)) as calls:

        async def ask(prompt: str) -> list[str]:
            replies = await calls.ask(backend, ChatRequest.ask(prompt), n=SAMPLES)
            for sample in range(len(replies)):
                os.write(log, f"{prompt} {sample}\n".encode())
            return [reply.text for reply in replies]

        for wave in range(WAVES):
            asked = await asyncio.gather(*(ask(f"{wave}-{i}-{state}") for i in range(WIDTH)))
            state = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
            calls.note("wave", {"state": state})
        return json.dumps([state, calls.usage.calls, calls.usage.input_tokens, calls.stopped_by])


def main() -> None:
    for line in sys.stdin:
        journal, used, port = line.split()
        pid = os.fork()
        if not pid:
            result = asyncio.run(run(journal, used, int(port)))
            sys.stdout.write(result + "\n")
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"ended {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
