"""Who may ask, what each may spend, and what nobody ever gets to see."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from functools import partial

import pytest
from bestofn_gateway import KeySettings, Settings, read_keys
from bestofn_gateway.settings import checked
from pydantic import SecretStr, ValidationError
from starlette.responses import JSONResponse

from bestofn import InvalidInput

from .conftest import chat

pytestmark = pytest.mark.anyio

URL = "/chat/completions"
UPSTREAM_KEY = 'sk-upstream-"very"-secret'
ALICE, BOB = "alice-key-123", "bob-key-456"


def key(name: str, secret: str, **limits) -> KeySettings:
    return KeySettings(name=name, key=SecretStr(secret), **limits)


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


async def test_a_key_is_needed_where_there_are_keys(upstream, gate):
    digest = hashlib.sha256(BOB.encode()).hexdigest()
    keys = (key("alice", ALICE), KeySettings(name="bob", sha256=digest))
    async with gate(keys=keys) as client:
        for headers in (
            {},
            bearer("wrong"),
            bearer(ALICE + "x"),
            bearer(ALICE[:-1]),
            {"authorization": "Bearer"},
            {"authorization": ALICE},
            {"authorization": f"Basic {ALICE}"},
            {"authorization": b"Bearer \xff\xfe"},
        ):
            for ask in (
                partial(client.post, URL, json=chat("m")),
                partial(client.post, URL, json=chat()),
                partial(client.get, "/models"),
                partial(client.get, "/models/bon-2-m"),
                partial(client.get, str(client.base_url.copy_with(path="/metrics"))),
            ):
                answer = await ask(headers=headers)
                assert answer.status_code == 401
                assert answer.json()["error"]["code"] == "invalid_api_key"
        assert not upstream.asked
        for secret in (ALICE, BOB):
            answer = await client.post(URL, json=chat("m"), headers=bearer(secret))
            assert answer.status_code == 200
        assert (await client.get(client.base_url.copy_with(path="/healthz"))).status_code == 200
    assert all(one.header("authorization") is None for one in upstream.asked), "it ends here"


async def test_the_upstream_s_key_replaces_the_client_s(upstream, gate):
    async with gate(upstream_key=SecretStr("sk-upstream-0001")) as client:
        for model in ("m", "bon-2-m"):
            await client.post(URL, json=chat(model), headers=bearer("anything"))
        await client.get("/models", headers=bearer("anything"))
    assert len(upstream.asked) == 4
    assert {one.header("authorization") for one in upstream.asked} == {"Bearer sk-upstream-0001"}


async def test_an_environment_s_key_goes_nowhere(upstream, gate, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    async with gate() as client:
        answer = await client.post(URL, json=chat())
    assert answer.json()["bestofn"]["judge_calls"] == 3
    assert not any(b"environment" in v for one in upstream.asked for _, v in one.headers)


@pytest.mark.parametrize("model", ["m", "bon-2-m"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_the_upstream_s_key_is_never_seen(upstream, gate, tmp_path, caplog, model, status):
    """Not even where the upstream repeats it."""
    secret = "sk-upstream-very-secret"
    upstream.answer = lambda asked: JSONResponse(
        {"error": {"message": f"no: {secret}", "code": secret, "param": secret}},
        status,
        {"x-echo": f"was {secret}"},
    )
    journal = tmp_path / "journal.db"
    async with gate(upstream_key=SecretStr(secret), journal=journal, trace_dir=tmp_path) as client:
        answer = await client.post(URL, json=chat(model))
        metrics = await client.get(client.base_url.copy_with(path="/metrics"))
    assert answer.status_code >= 400
    assert answer.json()["error"]["message"]
    seen = [answer.text, str(answer.headers), metrics.text, caplog.text]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    assert len(seen) > 4 or model == "m"
    assert not any(secret in text for text in seen)


async def test_the_upstream_s_key_is_not_in_what_is_printed():
    settings = Settings(upstream="http://x/v1", upstream_key=SecretStr(UPSTREAM_KEY))
    assert "secret" not in repr(settings)
    assert "alice" not in repr(key("a", ALICE))


async def test_whose_fault_a_refused_key_is(upstream, gate):
    upstream.answer = lambda _: JSONResponse({"error": {"message": "wrong key"}}, 401)
    async with gate(upstream_key=SecretStr("sk-upstream-0001")) as client:
        answer = await client.post(URL, json=chat())
        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "upstream_refused_key"
    async with gate() as client:
        answer = await client.post(URL, json=chat(), headers=bearer("client"))
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "wrong key"


async def test_calls_of_a_key_are_never_exceeded(upstream, gate):
    limits = (key("alice", ALICE, calls=10), key("bob", BOB))
    async with gate(keys=limits) as client:
        ask = partial(client.post, URL, headers=bearer(ALICE))
        # Seven calls each, if both had their way.
        answers = await asyncio.gather(*(ask(json=chat()) for _ in range(2)))
        last = await ask(json=chat("m"))
        other = await client.post(URL, json=chat(), headers=bearer(BOB))
    spent = sum(
        a.json()["bestofn"]["usage"][part]["calls"]
        for a in answers
        if a.status_code == 200
        for part in ("samples", "judge")
    )
    assert spent <= 10
    assert last.status_code == (429 if spent == 10 else 200)
    assert other.status_code == 200


async def test_what_a_key_has_spent_is_refused(upstream, gate):
    keys = (
        key("alice", ALICE, calls=8),
        key("bob", BOB, tokens=20),
        key("eve", "eve-key-789", calls=2),
    )
    async with gate(keys=keys) as client:
        first = await client.post(URL, json=chat(), headers=bearer(ALICE))
        assert first.status_code == 200
        # One call is left: it is sampled, and not judged.
        second = await client.post(URL, json=chat(), headers=bearer(ALICE))
        assert second.json()["bestofn"]["got"] == 1
        assert second.json()["bestofn"]["stopped_by"] == "calls"
        third = await client.post(URL, json=chat(), headers=bearer(ALICE))
        assert third.status_code == 429
        error = third.json()["error"]
        assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
        assert "alice" in error["message"]
        assert third.headers["x-should-retry"] == "false"
        for _ in range(2):  # fifteen tokens each
            assert (await client.post(URL, json=chat("m"), headers=bearer(BOB))).status_code == 200
        assert (await client.post(URL, json=chat("m"), headers=bearer(BOB))).status_code == 429
        eve = await client.post(URL, json=chat("m", n=2), headers=bearer("eve-key-789"))
        assert len(eve.json()["choices"]) == 2
        eve = await client.post(URL, json=chat("m"), headers=bearer("eve-key-789"))
        assert eve.status_code == 429


async def test_a_stream_s_tokens_count(upstream, gate):
    async with gate(keys=(key("alice", ALICE, tokens=15),)) as client:
        body = chat("m", stream=True)
        assert (await client.post(URL, json=body, headers=bearer(ALICE))).status_code == 200
        assert (await client.post(URL, json=body, headers=bearer(ALICE))).status_code == 429


async def test_dollars_of_a_key(upstream, gate):
    settings = {
        "keys": (key("alice", ALICE, dollars=100e-6),),
        "prices": {"m": {"input": 1, "output": 2}},
    }
    async with gate(**settings) as client:
        first = await client.post(URL, json=chat(max_tokens=5), headers=bearer(ALICE))
        assert first.status_code == 200
        assert first.json()["bestofn"]["dollars"] <= 150e-6
        assert first.json()["bestofn"]["stopped_by"] == "dollars"
        unknown = await client.post(URL, json=chat("bon-2-x"), headers=bearer(ALICE))
    assert unknown.status_code == 400
    assert "price" in unknown.json()["error"]["message"]


@pytest.mark.parametrize(
    ("budget", "samples", "judgments"),
    [({"calls": 4}, 4, 0), ({"calls": 5}, 4, 1), ({"calls": 2}, 2, 0), ({"calls": 50}, 4, 3)],
)
async def test_a_request_s_budget(upstream, gate, budget, samples, judgments):
    async with gate() as client:
        answer = await client.post(URL, json=chat(bestofn={"budget": budget}))
    told = answer.json()["bestofn"]
    assert (told["got"], told["judge_calls"]) == (samples, judgments)
    assert told["stopped_by"] == (None if budget["calls"] == 50 else "calls")


async def test_the_server_s_budget_is_the_limit(upstream, gate):
    async with gate(max_calls=3) as client:
        body = chat(bestofn={"budget": {"calls": 50}})
        told = (await client.post(URL, json=body)).json()["bestofn"]
    assert told["got"] == 3
    assert told["judge_calls"] == 0


async def test_a_budget_too_small_for_anything(upstream, gate):
    async with gate() as client:
        answer = await client.post(URL, json=chat(bestofn={"budget": {"tokens": 1}}))
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "insufficient_quota"
    assert not upstream.asked


async def test_every_reply_is_in_the_journal(upstream, gate, tmp_path):
    journal = tmp_path / "journal.db"
    async with gate(journal=journal, trace_dir=tmp_path) as client:
        answers = await asyncio.gather(*(client.post(URL, json=chat()) for _ in range(5)))
    ids = {answer.json()["bestofn"]["request_id"] for answer in answers}
    assert {path.stem for path in tmp_path.glob("*.jsonl")} == ids
    with sqlite3.connect(journal) as database:
        (count,) = database.execute("select count(*) from replies").fetchone()
    database.close()
    assert count == 5 * 7, "the same request five times is paid five times"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_no_public_address_without_a_key(host):
    with pytest.raises(InvalidInput, match=r"^--host: .*--keys"):
        checked(upstream="http://x/v1", host=host)
    checked(upstream="http://x/v1", host=host, keys=(key("a", ALICE),))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_needs_none(host):
    checked(upstream="http://x/v1", host=host)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": "evil.example:8080"},
    ],
)
async def test_web_pages_get_nothing_where_no_key_is_needed(upstream, gate, headers):
    async with gate() as client:
        for ask in (
            partial(client.post, URL, json=chat("m")),
            partial(client.post, URL, json=chat()),
            partial(client.get, "/models"),
        ):
            assert (await ask(headers=headers)).status_code == 403
        local = {"origin": "http://localhost:3000", "host": "localhost:8080"}
        assert (await client.post(URL, json=chat("m"), headers=local)).status_code == 200
    assert len(upstream.asked) == 1


async def test_nothing_is_run_unless_it_is_switched_on(upstream, gate, tmp_path):
    flag = tmp_path / "ran"
    program = f"```python\nopen({str(flag)!r}, 'w').write('x')\nprint(input())\n```"
    upstream.texts = (program, program + "\n# two", "```python\nprint(1)\n```")
    async with gate() as client:
        for judge in ("consensus", "codet", "majority"):
            answer = await client.post(URL, json=chat(bestofn={"judge": judge}))
            assert answer.status_code == 400
            assert "switched off" in answer.json()["error"]["message"]
        for judge in ("model", "self-consistency"):
            answer = await client.post(URL, json=chat(bestofn={"judge": judge}))
            assert answer.status_code == 200
    assert not flag.exists()


async def test_programs_are_run_where_it_is(upstream, gate):
    right = "```python\nprint(sum(map(int, input().split())))\n```"
    same = "Here:\n```python\na, b = map(int, input().split())\nprint(a + b)\n```"
    wrong = "```python\nprint(int(input().split()[0]) - 1)\n```"
    upstream.texts = (wrong, right, same)
    words = "Read two integers on one line and print their sum.\n\nInput\n1 2\n\nOutput\n3\n"
    body = chat("bon-3-m", bestofn={"judge": "consensus"})
    body["messages"] = [{"role": "user", "content": words}]
    async with gate(execute=True) as client:
        answer = (await client.post(URL, json=body)).json()
        assert answer["choices"][0]["message"]["content"] in (right, same)
        assert answer["bestofn"]["judge"] == "consensus"
        assert answer["bestofn"]["judge_calls"] == 0
        upstream.texts = ("just words", "just words", "others")
        answer = (await client.post(URL, json=body)).json()
    assert answer["choices"][0]["message"]["content"] == "just words"
    assert "no sample holds a program" in answer["bestofn"]["abstained"]


def test_a_file_of_keys(tmp_path):
    path = tmp_path / "keys.toml"
    digest = hashlib.sha256(b"x").hexdigest()
    path.write_text(
        f'[[key]]\nname = "a"\nkey = "{ALICE}"\ncalls = 5\n[[key]]\nname = "b"\nsha256 = "{digest}"'
    )
    first, second = read_keys(path)
    assert (first.name, first.calls, second.sha256) == ("a", 5, digest)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "tables"),
        ("key = 3", "tables"),
        ("[[key]", "not TOML"),
        ('[[key]]\nname = "a"', "key or sha256"),
        ('[[key]]\nname = "a"\nkey = "secret"', "8 characters"),
        ('[[key]]\nname = "a"\nkey = "secret-key"\ncall = 5', "key 1, call"),
        ('[[key]]\nname = "a"\nsha256 = "secret"', "sha256"),
    ],
)
def test_a_wrong_file_of_keys(tmp_path, text, words):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=words) as error:
        read_keys(path)
    assert str(error.value).startswith("--keys")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"upstream": "localhost:8000"}, "--upstream"),
        ({"upstream": "http://user:hunter2@x/v1"}, "--upstream"),
        ({"port": 70000}, "--port"),
        ({"judge": "nobody"}, "--judge"),
        ({"judge": "consensus"}, "--judge"),
        ({"tournament": "chess"}, "--tournament"),
        ({"upstream": "http://x:99999/v1"}, "--upstream"),
        ({"rounds": 5}, "--rounds"),
        ({"rounds": 10**9, "tournament": "daj"}, "--rounds"),
        ({"max_n": 0}, "--max-n"),
        ({"timeout": -1}, "--timeout"),
        ({"isolation": "iron"}, "--isolation"),
        ({"trace_dir": "/nowhere/at/all"}, "--trace-dir"),
        ({"prices": {"m": {"input": -1, "output": 0}}}, "--prices.m.input"),
        ({"what": 1}, "--what"),
    ],
)
def test_settings_name_the_option(change, option):
    with pytest.raises(InvalidInput) as error:
        checked(**{"upstream": "http://x/v1", **change})
    assert str(error.value).startswith(f"{option}: ")
    assert "hunter2" not in str(error.value)


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings(upstream="http://x/v1").port = 3
