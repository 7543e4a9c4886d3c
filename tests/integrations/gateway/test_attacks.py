"""Requests and answers that are made to do harm, and what comes of them: nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from bestofn_gateway import KeySettings, Settings, running
from pydantic import SecretStr
from starlette.responses import Response

from .conftest import chat
from .upstream import calls, completion, says

pytestmark = pytest.mark.anyio

URL = "/chat/completions"
FREE = {"judge": "self-consistency"}
ALICE = "alice-key-123"
BEARER = {"authorization": f"Bearer {ALICE}"}


async def exchange(url: httpx.URL, request: bytes) -> bytes:
    """Everything that a server says until it hangs up."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request)
    async with asyncio.timeout(5):
        said = await reader.read()
    writer.close()
    return said


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """An upstream that says this to every request and hangs up."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}]}")  # the end of the body
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../files",
        "/v1/models/%2e%2e/files",
        "/v1/models/x/..%2f..%2ffiles",
        "/v1/models/..\\files",
        "/v1/models/..;/files",
        "/v1/models/bon-2-../files",
        "/v1/models/bon-2-%2E%2E/files",
    ],
)
async def test_no_way_out_of_the_models(upstream, gate, path):
    """With the upstream's key anybody could read whatever lies beside them."""
    async with gate(upstream_key=SecretStr("sk-upstream-0001")) as client:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        said = await exchange(client.base_url, head.encode())
    assert not upstream.asked
    assert said.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", ["/%76%31/models", "/v1/%6dodels"])
async def test_paths_written_otherwise(upstream, gate, path):
    async with gate() as client:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        said = await exchange(client.base_url, head.encode())
    assert [one.path for one in upstream.asked] == ["/v1/models"]
    assert said.startswith(b"HTTP/1.1 200 ")


async def test_a_host_that_is_none(upstream, gate):
    async with gate() as client:
        head = b"GET /v1/models HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n"
        said = await exchange(client.base_url, head)
    assert said.startswith(b"HTTP/1.1 403 ")
    assert not upstream.asked


@pytest.mark.parametrize("field", ["tokens", "calls"])
async def test_numbers_beyond_all_bounds(upstream, gate, field):
    async with gate() as client:
        answer = await client.post(URL, json=chat(bestofn={"budget": {field: 10**400}}))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == f"bestofn.budget.{field}"


@pytest.mark.parametrize("tournament", ["daj", "adaptive"])
async def test_a_tournament_without_end(upstream, gate, tournament):
    options = {"tournament": tournament, "rounds": 10**7}
    async with gate() as client:
        answer = await client.post(URL, json=chat(bestofn=options))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "bestofn.rounds"
    assert not upstream.asked


@pytest.mark.parametrize("model", ["bon-2-a\x00b", "bon-2-\ud800", "bon-2-\n", "bon-2- "])
async def test_names_that_are_none(upstream, gate, model):
    async with gate() as client:
        answer = await client.post(URL, content=json.dumps(chat(model)))
        judged = await client.post(
            URL, content=json.dumps(chat(bestofn={"judge": model.replace("bon-2-", "openai/")}))
        )
    assert answer.status_code == judged.status_code == 400
    assert answer.json()["error"]["param"] == "model"
    assert judged.json()["error"]["param"] == "bestofn.judge"
    assert not upstream.asked


@pytest.mark.parametrize("model", ["m", "bon-2-m"])
async def test_an_upstream_that_counts_beyond_all_bounds(upstream, gate, model):
    body = completion({"model": "m"}, [says("a"), says("b")])
    upstream.answer = lambda _: {
        **body,
        "usage": {"prompt_tokens": 10**400, "completion_tokens": -5},
    }
    async with gate(prices={"m": {"input": 1, "output": 1}}) as client:
        answer = await client.post(
            URL, json=chat(model, bestofn=FREE) if "-" in model else chat(model)
        )
        metrics = await client.get(client.base_url.copy_with(path="/metrics"))
    assert answer.status_code == 200
    assert 'bestofn_gateway_requests_total{mode="' in metrics.text


async def test_an_upstream_s_numbers_that_are_no_json(upstream, gate):
    body = completion({"model": "m"}, [{**says("a"), "audio": float("nan")}])
    raw = json.dumps(body)
    upstream.answer = lambda _: Response(raw, media_type="application/json")
    async with gate() as client:
        answer = await client.post(URL, json=chat("bon-1-m"))
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_malformed"


async def test_all_that_was_written_is_counted(upstream, gate):
    """An upstream that gives more choices than were asked for wants to be paid for them, too."""
    upstream.answer = lambda _: completion({"model": "m"}, [says("a"), says("b"), says("c")])
    async with gate() as client:
        answer = await client.post(URL, json=chat("bon-2-m", bestofn=FREE))
    assert answer.json()["usage"]["completion_tokens"] == 15


async def test_calls_in_a_stream_are_counted_by_the_gateway(upstream, gate):
    both = [{**call, "index": 0} for city in ("Bern", "Rome") for call in calls(city)["tool_calls"]]
    upstream.answer = lambda _: completion(
        {"model": "m"}, [{"role": "assistant", "content": None, "tool_calls": both}]
    )
    async with gate() as client:
        answer = await client.post(URL, json=chat("bon-1-m", stream=True))
    chunks = [
        json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")
    ]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    told = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [(call["index"], call["id"]) for call in told] == [(0, "call_Bern"), (1, "call_Rome")]


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_half_an_answer_does_not_look_whole(gate, kind, chunked):
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000"
    part = "6\r\n{'half\r\n" if chunked else "{'half"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{length}\r\n\r\n{part}"
    async with saying(head.encode()) as url, gate(upstream=url) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(URL, json=chat("m"))


def limited(**limits: float) -> dict[str, object]:
    return {
        "keys": (KeySettings(name="alice", key=SecretStr(ALICE), **limits),),
        "prices": {"m": {"input": 10, "output": 20}},
    }


async def test_dollars_of_a_key_are_spent_by_what_passes_through(upstream, gate):
    """Ten tokens for 10 and five for 20 dollars a million are 200 millionths."""
    async with gate(**limited(dollars=300e-6)) as client:
        for status in (200, 200, 429):
            answer = await client.post(URL, json=chat("m"), headers=BEARER)
            assert answer.status_code == status
        unknown = await client.post(URL, json=chat("x"), headers=BEARER)
    assert unknown.status_code == 400
    assert unknown.json()["error"]["param"] == "model"
    assert len(upstream.asked) == 2


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (URL, {"n": 5}),
        (URL, {"n": 200}),
        ("/completions", {"prompt": "p", "n": 1, "best_of": 5}),
        ("/completions", {"prompt": ["p"] * 5}),
    ],
)
async def test_calls_of_a_key_bound_what_passes_through(upstream, gate, url, fields):
    async with gate(**limited(calls=4)) as client:
        answer = await client.post(url, json=chat("m", **fields), headers=BEARER)
    assert answer.status_code == 429
    assert not upstream.asked


async def test_each_choice_of_a_stream_is_a_call(upstream, gate):
    async with gate(**limited(calls=4)) as client:
        body = chat("m", n=3, stream=True)
        assert (await client.post(URL, json=body, headers=BEARER)).status_code == 200
        for status in (200, 429):
            answer = await client.post(URL, json=chat("m"), headers=BEARER)
            assert answer.status_code == status


async def test_going_away_early_costs_as_much(upstream, gate):
    """Else a client could have the upstream work for nothing."""

    async def never(_) -> None:
        await asyncio.Event().wait()

    upstream.answer = never
    async with gate(**limited(calls=1)) as client:
        ask: Callable[..., object] = client.post(URL, json=chat("m"), headers=BEARER)
        task = asyncio.ensure_future(ask)
        await upstream.until(lambda: upstream.working == 1)
        task.cancel()
        await upstream.until(lambda: upstream.given_up == 1)
        upstream.answer = lambda _: None
        answer = await client.post(URL, json=chat("m"), headers=BEARER)
    assert answer.status_code == 429


@pytest.mark.parametrize("model", ["m", "bon-2-m"])
@pytest.mark.parametrize("name", ["api-key", "x-api-key", "x-goog-api-key", "cookie"])
async def test_clients_keys_in_other_headers(upstream, gate, model, name):
    headers = {**BEARER, name: "another-key"}
    own = {"upstream_key": SecretStr("sk-upstream-0001")}
    for settings, expected in (({}, "another-key"), (limited(), None), (own, None)):
        upstream.asked.clear()
        async with gate(**settings) as client:
            await client.post(URL, json=chat(model), headers=headers)
            await client.get("/models", headers=headers)
            await client.get("/models/bon-2-m", headers=headers)
        # Judges are asked with the authorization alone.
        assert {one.header(name) for one in upstream.asked if not one.judging} == {expected}


async def test_no_half_of_the_upstream_s_key(upstream, gate):
    secret = "sk-upstream-very-secret"
    upstream.answer = lambda _: Response("x" * 1990 + secret, 500)
    async with gate(upstream_key=SecretStr(secret)) as client:
        answer = await client.post(URL, json=chat("bon-1-m"))
    assert answer.status_code == 502
    assert "sk-up" not in answer.text


@pytest.mark.parametrize("fields", [{}, {"stream": True}, {"model": "m"}])
async def test_who_still_waits_when_the_server_ends_is_told(upstream, fields):
    """It waits for five seconds before it gives up its requests."""

    async def never(_) -> None:
        await asyncio.Event().wait()

    upstream.answer = never
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        async with running(Settings(upstream=upstream.url, port=0, keep_alive=60)) as gateway:
            body = {**chat("bon-2-m"), **fields}
            task = asyncio.create_task(client.post(gateway.url + URL, json=body))
            await upstream.until(lambda: upstream.working > 0)
        answer = await task
    assert answer.status_code == 503
    assert "stopped" in answer.json()["error"]["message"]
