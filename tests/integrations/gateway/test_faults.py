"""Faults of the upstream, scripted at the level of bytes, and what a client is told of them."""

from __future__ import annotations

import pytest

from bestofn.testing import FaultyServer
from bestofn.testing import faults as do

from .conftest import chat

pytestmark = pytest.mark.anyio

URL = "/chat/completions"
JUDGE = {"judge": "self-consistency"}

CASES = [
    (do.error(400, "bad field", param="x", code="c"), 400, "c"),
    (do.wrong_key(), 401, "invalid_api_key"),
    (do.error(403, "not yours"), 403, None),
    (do.unknown_model(), 404, "model_not_found"),
    (do.context_overflow(), 400, "context_length_exceeded"),
    (do.busy(seconds=3), 429, "rate_limit_exceeded"),
    (do.busy(seconds=3, status=503), 503, "rate_limit_exceeded"),
    (do.error(500), 502, "upstream_error"),
    (do.error(501), 502, "upstream_error"),
    (do.error(504), 504, "upstream_timeout"),
    (do.stall(), 504, "upstream_timeout"),
    (do.stall(0.5), 504, "upstream_timeout"),
    (do.hang_up(), 502, "upstream_unreachable"),
    (do.hang_up(reset=True), 502, "upstream_unreachable"),
    (do.half_body(), 502, "upstream_unreachable"),
    (do.not_json(), 502, "upstream_malformed"),
    (do.broken_json(), 502, "upstream_malformed"),
    (do.no_choices(), 502, "upstream_malformed"),
    (do.no_choices([]), 502, "upstream_malformed"),
    (do.no_choices([{"index": 0}]), 502, "upstream_malformed"),
    (do.no_choices([None]), 502, "upstream_malformed"),
    (do.no_choices([{"message": {"content": 3}}]), 502, "upstream_malformed"),
    (do.no_choices([{"message": {"tool_calls": [{}]}}]), 502, "upstream_malformed"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(("fault", "status", "code"), CASES)
async def test_the_status_that_a_client_gets(gate, fault, status, code, n, stream):
    async with (
        FaultyServer(do.forever(fault)) as server,
        gate(upstream=server.url, timeout=0.3) as client,
    ):
        answer = await client.post(URL, json=chat(f"bon-{n}-m", bestofn=JUDGE, stream=stream))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert error["message"]
    if status in (429, 503):
        assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("fault", "status"),
    [(do.stall(), 504), (do.hang_up(), 502), (do.hang_up(reset=True), 502)],
)
async def test_what_is_passed_through_too(gate, fault, status):
    async with (
        FaultyServer(do.forever(fault)) as server,
        gate(upstream=server.url, timeout=0.3) as client,
    ):
        answer = await client.post(URL, json=chat("m"))
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_poor_servers_are_topped_up(gate, most):
    async with (
        FaultyServer(answer=lambda _, k: f"answer {k}", most_choices=most) as server,
        gate(upstream=server.url) as client,
    ):
        answer = await client.post(URL, json=chat("bon-5-m", bestofn=JUDGE))
    assert answer.json()["bestofn"]["got"] == 5


async def test_a_server_without_usage(gate):
    async with (
        FaultyServer(do.forever(do.without("usage")), answer="a") as server,
        gate(upstream=server.url) as client,
    ):
        answer = await client.post(URL, json=chat("bon-2-m", bestofn=JUDGE))
    assert answer.json()["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
    }
