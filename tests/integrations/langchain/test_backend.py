"""Any chat model as a bestofn backend."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import openai
import pytest
from langchain_bestofn import BestOfNChatModel, LangChainBackend
from langchain_bestofn.failures import failed, final
from langchain_core.exceptions import ContextOverflowError, ModelRateLimitError
from langchain_core.language_models import SimpleChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from bestofn import (
    BackendError,
    Calls,
    ChatRequest,
    InvalidInput,
    LLMJudge,
    Message,
    RequestRejected,
    Sampling,
    abest_of_n,
    aselect,
    select,
)
from bestofn.backends import Backend
from bestofn.policies import ChatPolicy
from bestofn.testing import Choice, FaultyServer, faults

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["threads", "asynchronous"])
def asynchronous(request) -> bool:
    return bool(request.param)


async def ask(model: Any, request: ChatRequest | None = None, n: int = 1, **settings: Any) -> list:
    backend = LangChainBackend(model, **settings)
    assert isinstance(backend, Backend)
    async with Calls() as calls:
        return await calls.ask(backend, request or ChatRequest.ask("Hello"), n=n)


async def test_a_reply(provider, chat, asynchronous):
    request = ChatRequest(
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="Hello"),
            Message(role="assistant", content="Hi"),
            Message(role="user", content="Go on."),
        )
    )
    (reply,) = await ask(chat, request, asynchronous=asynchronous)
    assert reply.text.startswith("The cat")
    assert (reply.status, reply.finish_reason, reply.model) == ("ok", "stop", "loopback")
    assert reply.usage.calls == 1
    assert reply.usage.input_tokens > 0
    sent = provider.requests[0].body["messages"]
    assert [(it["role"], it["content"]) for it in sent] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("user", "Go on."),
    ]


async def test_settings_are_sent_or_said_to_be_ignored(provider, chat):
    sampling = Sampling(
        temperature=0.1, top_p=0.5, max_tokens=9, stop=("END",), seed=5, extra={"user": "me"}
    )
    (reply,) = await ask(chat, ChatRequest.ask("Hello", sampling=sampling, sample=2))
    assert set(reply.ignored) == {"top_k", "repetition_penalty"}
    body = provider.requests[0].body
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.1, 0.5, 7)
    assert (body["max_completion_tokens"], body["stop"], body["user"]) == (9, ["END"], "me")


async def test_settings_that_the_server_refuses_are_left_out(chat_at):
    async with FaultyServer(refuses=["temperature"], answer="yes") as server:
        first, second = await ask(chat_at(server.url), n=2)
        assert server.count == 3  # learnt once
    for reply in (first, second):
        assert reply.text == "yes"
        assert "temperature" in reply.ignored
    assert "n" in first.ignored  # one at a time


async def test_a_model_that_draws_several_is_asked_for_one(provider, chat_at):
    model = chat_at(provider.url, n=4)
    (reply,) = await ask(model)
    assert provider.requests[0].n == 1
    replies = await ask(model, n=3)
    assert provider.requests[1].n == 3
    assert len(replies) == 3
    assert sum(it.usage.input_tokens for it in replies) == reply.usage.input_tokens


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (faults.error(500), "unavailable"),
        (faults.busy(), "unavailable"),
        (faults.hang_up(), "unavailable"),
        (faults.context_overflow(), "context_overflow"),
        (faults.not_json(), "malformed"),
        (faults.filtered(), "refusal"),
        (faults.refusal(), "refusal"),
        (faults.empty(), "empty"),
        (faults.cut_off("half a"), "length"),
    ],
)
async def test_what_goes_wrong_is_an_outcome(chat_at, step, status, asynchronous):
    async with FaultyServer(faults.forever(step)) as server:
        (reply,) = await ask(chat_at(server.url), asynchronous=asynchronous)
    assert reply.status == status
    assert reply.error or status == "length"
    assert reply.text == ("half a" if status == "length" else "")


async def test_a_reply_that_takes_too_long_is_stalled(chat_at):
    async with FaultyServer(faults.forever(faults.stall())) as server:
        model = chat_at(server.url, timeout=0.2)
        (reply,) = await ask(model, asynchronous=True)
    assert reply.status == "stalled"


async def test_what_will_never_be_answered_is_an_error(chat_at):
    async with FaultyServer(api_key="right") as server:
        with pytest.raises(RequestRejected) as caught:
            await ask(chat_at(server.url))
        assert caught.value.status == 401
        assert isinstance(caught.value.__cause__, openai.AuthenticationError)
    async with FaultyServer(faults.forever(faults.unknown_model())) as server:
        with pytest.raises(RequestRejected):
            await ask(chat_at(server.url))


async def test_keys_appear_nowhere(provider, chat_at):
    backend = LangChainBackend(chat_at(provider.url, api_key="sk-secret"))
    assert "secret" not in f"{backend.name} {backend.identity} {backend!r}"
    assert backend.name == "openai/loopback"


def test_the_identity_tells_models_and_settings_apart(provider, chat_at):
    models = [
        chat_at(provider.url),
        chat_at(provider.url, model="another"),
        chat_at(provider.url, temperature=0.5),
        chat_at("http://localhost:1/v1"),
        chat_at(provider.url).bind(top_p=0.5),
        FakeListChatModel(responses=["x"]),
    ]
    identities = [LangChainBackend(model).identity for model in models]
    assert len(set(identities)) == len(models)
    assert LangChainBackend(chat_at(provider.url)).identity == identities[0]


async def test_thinking_is_kept_apart():
    class Thinking(SimpleChatModel):
        @property
        def _llm_type(self) -> str:
            return "thinking"

        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise NotImplementedError

        def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
            content = [{"type": "reasoning", "reasoning": "6*7"}, {"type": "text", "text": "42"}]
            return ChatResult(generations=[ChatGeneration(message=AIMessage(content))])

    (reply,) = await ask(Thinking())
    assert (reply.text, reply.reasoning) == ("42", "6*7")


class Slow(SimpleChatModel):
    """A model whose field for repetition has another name."""

    repeat_penalty: float = 1.0
    seen: list[float] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "slow"

    def _call(self, *args: Any, **kwargs: Any) -> str:
        self.seen.append(self.repeat_penalty)
        return "done"


async def test_settings_are_found_under_other_names():
    model = Slow()
    (reply,) = await ask(model)
    assert model.seen == [1.05]
    assert model.repeat_penalty == 1.0
    assert "repetition_penalty" not in reply.ignored


def test_it_judges_in_one_loop_after_another(provider, chat):
    judge = LLMJudge(LangChainBackend(chat))
    for _ in range(3):  # each opens an event loop of its own
        assert select("Say much.", ["print('a lot of it')", "print(1)"], judge=judge).best.id == "0"
    assert provider.count == 3


async def test_it_writes_programs():
    program = "Here:\n```python\nprint(sum(map(int, input().split())))\n```"
    policy = ChatPolicy(LangChainBackend(FakeListChatModel(responses=[program])))
    selection = await abest_of_n("Print the sum of two integers.", policy=policy, n=3)
    assert selection.best.code.startswith("print(sum(")
    assert selection.usage.calls == 3


async def test_cancelling_gives_the_request_up(chat_at):
    async with FaultyServer(faults.forever(faults.stall())) as server:
        judge = LLMJudge(LangChainBackend(chat_at(server.url), asynchronous=True))
        choosing = asyncio.create_task(aselect("?", ["print(1)", "print(2)"], judge=judge))
        async with asyncio.timeout(20):
            while not server.in_flight:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        choosing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await choosing
        async with asyncio.timeout(5):
            while not server.left:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def test_only_chat_models_are_taken(chat):
    with pytest.raises(InvalidInput, match="model"):
        LangChainBackend(lambda messages: "no")
    assert LangChainBackend(BestOfNChatModel(model=chat)).name == "bestofn/loopback"


def status_error(status: int, words: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://localhost")
    response = httpx2.Response(status, request=request)
    return openai.APIStatusError(words, response=response, body=None)


@pytest.mark.parametrize(
    ("error", "status", "ends"),
    [
        (status_error(400, "maximum context length is 4096"), "context_overflow", None),
        (status_error(400, "flagged by our content policy"), "refusal", None),
        (status_error(400, "temperature is too high"), "unavailable", RequestRejected),
        (status_error(403, "no"), "unavailable", RequestRejected),
        (status_error(429, "slow down"), "unavailable", None),
        (status_error(429, "insufficient_quota"), "unavailable", RequestRejected),
        (status_error(503, "overloaded"), "unavailable", None),
        (ContextOverflowError("too long"), "context_overflow", None),
        (ModelRateLimitError("slow down"), "unavailable", None),
        (NotImplementedError("only async"), "unavailable", BackendError),
        (TimeoutError(), "stalled", None),
        (ConnectionError("reset"), "unavailable", None),
        (ValueError("no choices"), "malformed", None),
        (BackendError("mine"), "unavailable", BackendError),
    ],
)
def test_errors_and_what_they_mean(error, status, ends):
    reply = failed(error)
    assert reply.status == status
    assert reply.usage.calls == 1
    assert type(error).__name__ in reply.error
    assert type(final(error)) is (ends or type(None))


async def test_reasoning_content_of_a_server_does_not_hurt(chat_at):
    answer = Choice(text="42", reasoning="6*7")
    async with FaultyServer(answer=lambda received, index: answer) as server:
        (reply,) = await ask(chat_at(server.url))
    assert reply.text == "42"
