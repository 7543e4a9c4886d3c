"""The loopback server, asked with plain sockets and with the OpenAI client."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import openai
import pytest

from bestofn.testing import Choice, FaultyServer, Received, faults, server_process, server_stats

pytestmark = pytest.mark.anyio


def body(text: str = "hello", **settings: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **settings}


class Client:
    """One kept connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, server: FaultyServer) -> Client:
        host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    def send(self, content: dict[str, Any] | bytes, *, path: str = "/v1/chat/completions") -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        self.writer.write(head.encode() + data)

    async def receive(self) -> tuple[int, dict[str, str], Any]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        data = await self.reader.readexactly(int(headers["content-length"]))
        is_json = headers["content-type"] == "application/json"
        return int(first.split()[1]), headers, json.loads(data) if is_json else data.decode()

    async def ask(self, content: dict[str, Any] | bytes) -> tuple[int, dict[str, str], Any]:
        self.send(content)
        return await self.receive()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
async def sdk() -> AsyncIterator[Any]:
    clients: list[openai.AsyncOpenAI] = []

    def make(server: FaultyServer, key: str = "k") -> openai.AsyncOpenAI:
        clients.append(openai.AsyncOpenAI(api_key=key, base_url=server.url, max_retries=0))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


async def test_the_sdk_is_answered(sdk: Any) -> None:
    async with FaultyServer(answer=lambda asked, i: f"{asked.last} {i}") as server:
        client = sdk(server)
        reply = await client.chat.completions.create(n=3, seed=5, **body())
        assert [choice.message.content for choice in reply.choices] == [
            "hello 0",
            "hello 1",
            "hello 2",
        ]
        assert reply.model == "m"
        assert reply.usage.prompt_tokens == 2
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
        assert [model.id for model in (await client.models.list()).data] == ["any"]
        assert server.requests[0].body["seed"] == 5
        assert "Bearer" not in repr(server.requests)
        assert (server.count, server.choices, server.statuses) == (1, 3, {200: 1})


async def test_errors_reach_the_sdk_as_its_own(sdk: Any) -> None:
    script = [
        faults.busy(seconds=7),
        faults.error(500),
        faults.wrong_key(),
        faults.unknown_model(),
        faults.unknown_setting("top_k"),
        faults.context_overflow(),
    ]
    expected = [
        openai.RateLimitError,
        openai.InternalServerError,
        openai.AuthenticationError,
        openai.NotFoundError,
        openai.BadRequestError,
        openai.BadRequestError,
    ]
    async with FaultyServer(script) as server:
        client = sdk(server)
        codes = []
        for kind in expected:
            with pytest.raises(kind) as raised:
                await client.chat.completions.create(**body())
            codes.append(raised.value.code)
        assert codes[4:] == ["unknown_parameter", "context_length_exceeded"]
        await client.chat.completions.create(**body())  # the script is over
        assert server.statuses == {429: 1, 500: 1, 401: 1, 404: 1, 400: 2, 200: 1}


async def test_retry_after_in_every_form() -> None:
    steps = [
        faults.busy(seconds=3),
        faults.busy(milliseconds=250),
        faults.busy(date_in=60),
        faults.busy(seconds="soon", status=503),
    ]
    async with FaultyServer(steps) as server:
        client = await Client.to(server)
        headers = [(await client.ask(body()))[1] for _ in steps]
        await client.close()
    assert headers[0]["retry-after"] == "3"
    assert headers[1]["retry-after-ms"] == "250"
    assert 55 < parsedate_to_datetime(headers[2]["retry-after"]).timestamp() - time.time() <= 61
    assert headers[3]["retry-after"] == "soon"


async def test_replies_that_are_not_what_was_promised() -> None:
    steps: list[faults.Step] = [
        faults.not_json(),
        faults.no_choices(),
        faults.one_choice(),
        faults.without("usage"),
        faults.refusal(),
        faults.empty(),
        faults.cut_off("half a"),
        faults.thinking("yes", "hm"),
        faults.filtered(),
    ]
    async with FaultyServer(steps, answer="fine") as server:
        client = await Client.to(server)
        replies = [(await client.ask(body(n=2)))[2] for _ in steps]
        broken = await Client.to(server)
        await broken.close()
        await client.close()
    assert replies[0].startswith("<html>")
    assert replies[1]["choices"] is None
    assert len(replies[2]["choices"]) == 1
    assert "usage" not in replies[3]
    said = [reply["choices"][0] for reply in replies[4:]]
    assert said[0]["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": "I will not help with that.",
    }
    assert said[1]["message"]["content"] == ""
    assert (said[2]["finish_reason"], said[2]["message"]["content"]) == ("length", "half a")
    assert said[3]["message"]["reasoning_content"] == "hm"
    assert said[4]["finish_reason"] == "content_filter"


async def test_connections_that_break() -> None:
    steps = [faults.half_body(), faults.hang_up(), faults.hang_up(reset=True)]
    async with FaultyServer(steps, answer="x" * 1000) as server:
        for _ in range(2):
            client = await Client.to(server)
            with pytest.raises(asyncio.IncompleteReadError):
                await client.ask(body())
            await client.close()
        client = await Client.to(server)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.ask(body())
        client.writer.transport.abort()
        assert server.in_flight == 0
        assert server.statuses == {}


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_a_stall_ends_by_release(share: float) -> None:
    arrived = asyncio.Event()

    def rule(asked: Received) -> faults.Step | None:
        arrived.set()
        return None if asked.number else faults.stall(share)

    async with FaultyServer(rule, answer="late") as server:
        client, other = await Client.to(server), await Client.to(server)
        client.send(body())
        await arrived.wait()
        assert (await other.ask(body()))[0] == 200  # others are served meanwhile
        assert server.in_flight == 1
        server.release()
        assert (await client.receive())[2]["choices"][0]["message"]["content"] == "late"
        assert (await client.ask(body()))[0] == 200  # the connection is as good as new
        assert server.in_flight == 0
        await client.close()
        await other.close()


async def test_a_stall_ends_when_the_client_leaves(sdk: Any) -> None:
    async with FaultyServer([faults.stall()]) as server:
        with pytest.raises(openai.APITimeoutError):
            await sdk(server).chat.completions.create(timeout=0.1, **body())
        await sdk(server).chat.completions.create(**body())
        assert (server.left, server.in_flight) == (1, 0)


async def test_settings_make_a_strict_or_a_poor_server() -> None:
    async with FaultyServer(
        model="m", api_key="sesame", refuses=["top_k"], most_choices=1, context_tokens=5
    ) as server:
        client = await Client.to(server)
        status, _, reply = await client.ask(body())
        assert (status, reply["error"]["code"]) == (401, "invalid_api_key")
        await client.close()
        async with openai.AsyncOpenAI(api_key="sesame", base_url=server.url, max_retries=0) as good:
            ask = good.chat.completions.create
            assert len((await ask(n=4, **body())).choices) == 1
            with pytest.raises(openai.BadRequestError, match="top_k"):
                await ask(extra_body={"top_k": 3}, **body())
            with pytest.raises(openai.BadRequestError, match="context length is 5"):
                await ask(**body("long " * 10))
            with pytest.raises(openai.NotFoundError, match="other"):
                await ask(model="other", messages=body()["messages"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": ["hi"]}, "messages"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "model"),
        (body(stream=True), "stream"),
        (body(n=0), "n"),
        (body(n="2"), "n"),
        (body(seed=1.5), "seed"),
    ],
)
async def test_what_no_server_takes_is_refused(content: Any, words: str) -> None:
    async with FaultyServer() as server:
        client = await Client.to(server)
        status, _, reply = await client.ask(content)
        await client.close()
    assert status == 400
    assert words in reply["error"]["message"]


async def test_only_chat_completions_are_posted() -> None:
    async with FaultyServer() as server:
        client = await Client.to(server)
        client.send(b"", path="/v1/models")
        assert (await client.receive())[0] == 405
        client.send(b"", path="/v1/embeddings")
        assert (await client.receive())[0] == 404
        client.writer.write(b"nonsense\r\n\r\n")
        assert (await client.receive())[0] == 400
        assert await client.reader.read() == b""
        await client.close()


async def test_latency_is_exact_and_requests_wait_side_by_side() -> None:
    async with FaultyServer(latency=0.2, answer="x") as server:
        clients = [await Client.to(server) for _ in range(50)]
        started = time.monotonic()
        await asyncio.gather(*(client.ask(body()) for client in clients))
        seconds = time.monotonic() - started
        assert server.most_in_flight == 50
        for client in clients:
            await client.close()
    assert 0.2 <= seconds < 1.0  # in series it would be ten seconds


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    async with FaultyServer(answer=lambda asked, _: asked.last, latency=0.02) as server:
        client = await Client.to(server)
        for word in "abc":
            client.send(body(word))
        said = [(await client.receive())[2]["choices"][0]["message"]["content"] for _ in "abc"]
        await client.close()
    assert said == ["a", "b", "c"]


async def test_later_adds_to_the_latency() -> None:
    script = [faults.Later(seconds=0.1), faults.Later(seconds=0.1, step=faults.error(500))]
    async with FaultyServer(script) as server:
        client = await Client.to(server)
        started = time.monotonic()
        statuses = [(await client.ask(body()))[0] for _ in range(2)]
        await client.close()
    assert statuses == [200, 500]
    assert time.monotonic() - started >= 0.2


async def test_a_rule_may_decide() -> None:
    def rule(asked: Received) -> faults.Step | None:
        return faults.error(503) if asked.number % 2 else None

    async with FaultyServer(rule) as server:
        client = await Client.to(server)
        assert [(await client.ask(body()))[0] for _ in range(4)] == [200, 503, 200, 503]
        await client.close()
        assert server.stats()["repeated"] == 3


async def test_a_big_body_in_chunks(sdk: Any) -> None:
    text = "x" * 3_000_000

    async def chunks() -> AsyncIterator[bytes]:
        data = json.dumps(body(text)).encode()
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]

    async with FaultyServer(answer=lambda asked, _: str(len(asked.last))) as server:
        client = sdk(server)
        response = await client._client.post(
            f"{server.url}/chat/completions", content=chunks(), headers={"expect": "100-continue"}
        )
        assert response.json()["choices"][0]["message"]["content"] == "3000000"


def test_from_a_thread() -> None:
    with FaultyServer(answer=lambda *_: Choice(text="hi")).in_process() as server:
        address = server.url.removeprefix("http://").removesuffix("/v1")
        connection = http.client.HTTPConnection(address)
        for _ in range(2):
            connection.request("POST", "/v1/chat/completions", json.dumps(body()))
            with connection.getresponse() as reply:
                assert json.load(reply)["choices"][0]["message"]["content"] == "hi"
        connection.close()
        assert server_stats(server.url)["requests"] == server.count == 2
        assert server.connections == 2


def test_as_a_process(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    prompt = "Solution 1\nprint(2)\nSolution 2\nprint(1)\nEnd with <selection>INDEX</selection>"
    arguments = ["--right", str(tmp_path), "--programs", str(tmp_path), "--fault", "503:1"]
    with server_process(*arguments, "--latency", "0.05") as url:
        client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)
        with client, pytest.raises(openai.InternalServerError):
            client.chat.completions.create(**body())
        with openai.OpenAI(api_key="k", base_url=url) as client:
            judged = client.chat.completions.create(**body(prompt)).choices[0].message.content
            written = client.chat.completions.create(**body("Write!")).choices[0].message.content
        stats = server_stats(url)
    assert judged is not None
    assert judged.endswith("<selection>2</selection>")
    assert "```python\nprint(1)\n```" in (written or "")
    assert stats["statuses"] == {"200": 2, "503": 1}


@pytest.mark.parametrize(
    "arguments",
    [["--fault", "oops"], ["--fault", "503:x"], ["--judge", "right"], ["--right", "no"]],
)
def test_wrong_arguments_are_explained(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "bestofn.testing", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bestofn.testing: ")
