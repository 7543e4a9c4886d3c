"""A small OpenAI-compatible server on the loopback, as real as the tests need it.

It draws several choices, calls tools, streams, serves text completions and judges; or does what a
test says. What it was asked is kept byte for byte.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Answer = Mapping[str, Any] | Response


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    number: int
    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name.encode(), b"").decode() or None

    @property
    def judging(self) -> bool:
        return b"<selection>" in self.raw


@dataclass(eq=False)
class Upstream:
    """The server. ``answer`` says what comes back; None is the usual answer."""

    answer: Callable[[Asked], Answer | Awaitable[Answer | None] | None] = lambda _: None
    texts: tuple[str, ...] = ("good", "better", "best", "bad")
    """Of the choices, in order; a judge prefers ``best``."""
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    working: int = 0
    given_up: int = 0
    """Requests whose client went away before the answer."""
    change: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def samples(self) -> list[Asked]:
        return [one for one in self.asked if one.method == "POST" and not one.judging]

    @property
    def judgments(self) -> list[Asked]:
        return [one for one in self.asked if one.judging]

    async def until(self, ready: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until something about this server is so."""
        async with asyncio.timeout(seconds):
            while not ready():
                self.change.clear()
                await self.change.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = Asked(
            number=len(self.asked),
            method=request.method,
            path=scope["raw_path"].decode(),
            query=scope["query_string"].decode(),
            headers=scope["headers"],
            raw=await request.body(),
        )
        self.asked.append(asked)
        self.working += 1
        self.change.set()
        try:
            response = await self._while_there(asked, receive)
            if response is not None:
                await response(scope, receive, send)
        finally:
            self.working -= 1
            self.change.set()

    async def _while_there(self, asked: Asked, receive: Receive) -> Response | None:
        work = asyncio.create_task(self._respond(asked))
        gone = asyncio.create_task(receive())
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if work.done():
            return work.result()
        work.cancel()
        self.given_up += 1
        return None

    async def _respond(self, asked: Asked) -> Response:
        answer = self.answer(asked)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer is None:
            answer = usual(asked, self.texts)
        return answer if isinstance(answer, Response) else JSONResponse(dict(answer))


@asynccontextmanager
async def serving(upstream: Upstream) -> AsyncIterator[Upstream]:
    config = uvicorn.Config(
        upstream, port=0, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait on
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    upstream.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield upstream
    finally:
        server.should_exit = True
        await task


def usual(asked: Asked, texts: tuple[str, ...]) -> Answer:
    """What a well-behaved server answers."""
    if asked.path == "/v1/models":
        return {"object": "list", "data": [model("m"), model("other/m")]}
    if asked.path.startswith("/v1/models/"):
        return model(asked.path.removeprefix("/v1/models/"))
    body = asked.body
    if body.get("stream"):
        return StreamingResponse(frames(body), media_type="text/event-stream")
    if asked.path == "/v1/completions":
        choices = [
            {"index": k, "text": texts[k % len(texts)], "finish_reason": "stop", "logprobs": None}
            for k in range(body.get("n") or 1)
        ]
        return {**envelope(body, "text_completion"), "choices": choices, "usage": usage(choices)}
    if asked.judging:
        messages = [says(verdict(body["messages"][-1]["content"]))]
    elif body.get("tools"):
        messages = [calls(texts[k % len(texts)]) for k in range(body.get("n") or 1)]
    else:
        messages = [says(texts[k % len(texts)]) for k in range(body.get("n") or 1)]
    return completion(body, messages)


def completion(body: Mapping[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    choices = [
        {
            "index": k,
            "message": message,
            "logprobs": None,
            "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
        }
        for k, message in enumerate(messages)
    ]
    return {**envelope(body, "chat.completion"), "choices": choices, "usage": usage(choices)}


def usage(choices: list[Any]) -> dict[str, int]:
    """Ten tokens for the prompt, five for each choice."""
    written = 5 * len(choices)
    return {"prompt_tokens": 10, "completion_tokens": written, "total_tokens": 10 + written}


def envelope(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "cmpl-1", "object": kind, "created": 1, "model": body["model"], "tier": "x"}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "refusal": None}


def calls(city: str) -> dict[str, Any]:
    function = {"name": "weather", "arguments": json.dumps({"city": city})}
    call = {"id": f"call_{city}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1, "owned_by": "tests"}


def verdict(prompt: str) -> str:
    """A judge that prefers ``best``, then ``better``, then ``good``."""
    blocks = re.findall(
        r"--- (?:Solution|Reply|Answer|Candidate) (\d+).*?---\n(.*?)\n---", prompt, re.S
    )
    assert len(blocks) >= 2, prompt
    words = ("best", "better", "good")

    def rank(text: str) -> int:
        return next((k for k, word in enumerate(words) if re.search(rf"\b{word}\b", text)), 9)

    number, _ = min(blocks, key=lambda block: rank(block[1]))
    return f"Looked at them. <selection>{number}</selection>"


async def frames(body: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """A stream with an odd comment and uneven line ends, to be passed on as it is."""
    yield b": hello\r\n\r\n"
    for piece in ("str", "eam", "ed"):
        delta = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
        yield b"data:" + json.dumps({**envelope(body, "x"), "choices": [delta]}).encode() + b"\n\n"
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    last = {**envelope(body, "x"), "choices": [end], "usage": usage([0])}
    yield b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n"
