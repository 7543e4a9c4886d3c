"""What is counted, and that nothing a client writes becomes a label."""

from __future__ import annotations

import re

import pytest
from starlette.responses import JSONResponse

from .conftest import chat

pytestmark = pytest.mark.anyio

URL = "/chat/completions"


async def scrape(client) -> dict[str, float]:
    answer = await client.get(client.base_url.copy_with(path="/metrics"))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = re.findall(r"^(bestofn_\S+?(?:\{.*?\})?) (\S+)$", answer.text, re.M)
    return {name: float(value) for name, value in lines}


async def test_requests_samples_judgments_tokens_and_dollars(upstream, gate):
    async with gate(prices={"m": {"input": 1, "output": 2}}) as client:
        await client.post(URL, json=chat())
        await client.post(URL, json=chat("m"))
        await client.post(URL, json=chat("bon-0-m"))
        await client.post("/completions", json={"model": "bon-2-m", "prompt": "x"})
        found = await scrape(client)
    requests = "bestofn_gateway_requests_total"
    assert found[requests + '{mode="best",route="chat",status="200"}'] == 1
    assert found[requests + '{mode="pass",route="chat",status="200"}'] == 1
    assert found[requests + '{mode="error",route="chat",status="400"}'] == 1
    assert found[requests + '{mode="best",route="completions",status="200"}'] == 1
    assert found['bestofn_gateway_request_seconds_count{mode="best",route="chat"}'] == 1
    assert found['bestofn_gateway_samples_total{outcome="ok"}'] == 6
    assert found["bestofn_gateway_judge_calls_total"] == 4
    assert found["bestofn_gateway_requests_in_flight"] == 0
    tokens = "bestofn_gateway_tokens_total"
    assert found[tokens + '{direction="input",purpose="sample"}'] == 20
    assert found[tokens + '{direction="output",purpose="judge"}'] == 20
    assert found[tokens + '{direction="input",purpose="pass"}'] == 10
    judged = found['bestofn_gateway_dollars_total{purpose="judge"}']
    assert judged == pytest.approx((40 * 1 + 20 * 2) / 1e6)


async def test_faults_are_counted(upstream, gate):
    upstream.answer = lambda _: JSONResponse({"error": {"message": "x"}}, 429)
    async with gate() as client:
        await client.post(URL, json=chat())
        found = await scrape(client)
    assert found['bestofn_gateway_upstream_errors_total{status="429"}'] == 1
    assert found['bestofn_gateway_samples_total{outcome="unavailable"}'] == 4


async def test_labels_stay_few(upstream, gate):
    async with gate() as client:
        await client.post(URL, json=chat("bon-2-m0"))
        before = await scrape(client)
        for number in range(20):
            await client.post(URL, json=chat(f"bon-2-m{number}", user=f"u{number}"))
            await client.get(f"/models/bon-2-m{number}")
            await client.get(f"/nowhere/{number}")
        after = await scrape(client)
    assert len(after) <= len(before) + 20


async def test_health(upstream, gate):
    async with gate() as client:
        answer = await client.get(client.base_url.copy_with(path="/healthz"))
    assert answer.json() == {"status": "ok"}
    assert not upstream.asked
