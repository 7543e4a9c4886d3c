"""What ends a run at once, and that no key is in what it says."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.backends import OpenAIBackend
from bestofn.backends.secrets import HIDDEN, Scrubber
from bestofn.chat import ChatRequest, Sampling
from bestofn.errors import BackendError, RequestRejected
from bestofn.testing import FaultyServer
from bestofn.testing import faults as do

pytestmark = pytest.mark.anyio
MakeBackend = Callable[..., OpenAIBackend]

ASK = ChatRequest.ask("Hello?", sampling=Sampling(temperature=0.5))


async def test_a_wrong_key_says_where_keys_come_from(
    backend: MakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultyServer(api_key="right") as server:
        async with backend(server).session() as session:
            with pytest.raises(RequestRejected, match=r"key is needed.*OPENAI_API_KEY") as caught:
                await session.ask(ASK)
        assert caught.value.status == 401
        async with backend(server, api_key="wrong-key").session() as session:
            with pytest.raises(RequestRejected, match="Check the key"):
                await session.ask(ASK)
        assert server.count == 2
        monkeypatch.setenv("OPENAI_API_KEY", "right")
        async with backend(server).session() as session:
            [reply] = await session.ask(ASK)
    assert reply.status == "ok"


async def test_an_unknown_model_says_where_it_was_looked_for(backend: MakeBackend) -> None:
    async with FaultyServer(model="other") as server, backend(server).session() as session:
        with pytest.raises(RequestRejected, match=r"'tiny'.*base_url") as caught:
            await session.ask(ASK, n=3)
        assert server.url in str(caught.value)
        assert server.count == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (do.error(403, "Not for you."), "rights"),
        (do.error(405, "No."), "base_url"),
        (do.error(402, "Insufficient Balance"), "credit"),
        (do.error(429, "Quota used up.", code="insufficient_quota"), "credit"),
        (do.error(400, "temperature must be at least 0"), "temperature must be"),
        (do.error(422, "messages: wrong"), "messages: wrong"),
    ],
)
async def test_refused_at_once(backend: MakeBackend, step: do.Step, words: str) -> None:
    async with FaultyServer([step]) as server, backend(server).session() as session:
        with pytest.raises(RequestRejected, match=words):
            await session.ask(ASK)
        assert server.count == 1


async def test_the_public_api_needs_a_key_before_the_first_call() -> None:
    with pytest.raises(BackendError, match="OPENAI_API_KEY"):
        async with OpenAIBackend("gpt-5-mini").session():
            pass


# --- keys ---------------------------------------------------------------------------------------

KEY = "sk-proj-abcdefGHIJKL0123456789"
PROXY_KEY = "proxy/secret value?1"


@pytest.mark.parametrize(
    "echo",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Incorrect API key provided: {KEY[:8]}***{KEY[-4:]}.",
        f"Bad token {KEY[:10]}",
        f"key ending in …{KEY[-8:]}",
        f"headers: {{'x-proxy': '{PROXY_KEY}'}}",
        "headers: proxy%2Fsecret%20value%3F1",
    ],
)
@pytest.mark.parametrize("status", [401, 400, 500, 200])
async def test_no_key_in_anything_that_is_seen(
    backend: MakeBackend, echo: str, status: int
) -> None:
    step = do.not_json(echo) if status == 200 else do.error(status, echo)
    async with FaultyServer(do.forever(step)) as server:
        made = backend(server, api_key=KEY, headers={"X-Proxy": PROXY_KEY})
        seen = [repr(made), str(vars(made)), made.name, made.identity]
        async with made.session() as session:
            try:
                [reply] = await session.ask(ASK)
            except RequestRejected as error:
                seen += ["".join(traceback.format_exception(error)), repr(error)]
                seen += [repr(error.__context__)]
            else:
                seen += [repr(reply)]
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].headers["x-proxy"] == PROXY_KEY
    everything = "\n".join(seen)
    for part in (KEY, KEY[:8], KEY[-8:], PROXY_KEY, "secret"):
        assert part not in everything


@pytest.mark.parametrize("key", [KEY, "plain-KEY-without-prefix-99", 'odd"key\\/<&>'])
@pytest.mark.parametrize("field", ["content", "reasoning", "refusal", "finish_reason", "model"])
async def test_no_key_in_what_a_200_says(backend: MakeBackend, field: str, key: str) -> None:
    def edit(body: dict[str, Any]) -> dict[str, Any]:
        (choice,) = body["choices"]
        owner = {"finish_reason": choice, "model": body}.get(field, choice["message"])
        owner[field] = f"Yours is {key} via {PROXY_KEY}."
        return body

    headers = {"X-Proxy": PROXY_KEY, "X-Odd": key}
    async with (
        FaultyServer([do.Change(edit=edit)]) as server,
        backend(server, api_key=KEY, headers=headers).session() as session,
    ):
        [reply] = await session.ask(ASK)
    assert "Yours is [key] via [key]." in repr(reply)
    assert reply.status == ("refusal" if field == "refusal" else "ok")


PRINTABLE = st.characters(min_codepoint=32, max_codepoint=0xFFFF, exclude_categories=("Cs",))


@given(secret=st.text(PRINTABLE, min_size=8), ascii=st.booleans())
def test_a_body_without_its_keys_is_json_as_before(secret: str, ascii: bool) -> None:
    said = {"a": f"x {secret} y", "b": [1, "sk-looks-like-one"]}
    left = json.loads(Scrubber([secret]).body(json.dumps(said, ensure_ascii=ascii).encode()))
    assert secret not in left["a"]
    assert HIDDEN in left["a"]
    assert left["b"] == said["b"]


def test_short_secrets_leave_plain_words_alone() -> None:
    words = "Not many companies can manage anything"
    assert Scrubber(["any", "", "compani"])(words) == words
    assert Scrubber(["companies"])(words) == "Not many [key] can manage anything"


@pytest.mark.parametrize("secret", [{"api_key": KEY}, {"headers": {"X-Proxy": PROXY_KEY}}])
def test_no_key_in_a_pickle(secret: dict[str, Any]) -> None:
    made = OpenAIBackend("tiny", base_url="http://localhost:1/v1", **secret)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(made, protocol)
    assert copy.deepcopy(made).identity == made.identity
    bare = OpenAIBackend("tiny", base_url="http://localhost:1/v1")
    assert pickle.loads(pickle.dumps(bare)).name == bare.name
