from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bestofn.backends import OpenAIBackend
from bestofn.backends.wire import seed_for
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Message, Sampling, total
from bestofn.errors import BackendError, InvalidInput
from bestofn.testing import Choice, FaultyServer, Received
from bestofn.testing import faults as do

pytestmark = pytest.mark.anyio
MakeBackend = Callable[..., OpenAIBackend]

PLAIN = Sampling(temperature=None, top_p=None, top_k=None, repetition_penalty=None, max_tokens=None)


def question(text: str = "Which is better?", sampling: Sampling = PLAIN) -> ChatRequest:
    return ChatRequest.ask(text, sampling=sampling)


def rolled(received: Received, index: int) -> str:
    """A model whose words depend on the seed as those of a real server do."""
    return f"{received.rng(index).random():.12f}"


async def test_sends_every_setting_and_reads_the_answer(backend: MakeBackend) -> None:
    sampling = Sampling(stop=("END",), seed=7, extra={"min_p": 0.1})
    request = ChatRequest(
        messages=(Message(role="system", content="Be brief."), Message(role="user", content="Hi")),
        sampling=sampling,
    )
    async with FaultyServer([do.thinking("Hello", "a greeting")]) as server:
        async with backend(server).session() as session:
            [reply] = await session.ask(request)
        body = server.requests[0].body
    assert body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "repetition_penalty": 1.05,
        "max_tokens": 8192,
        "stop": ["END"],
        "seed": seed_for(7, 0),
        "min_p": 0.1,
    }
    assert (reply.text, reply.reasoning, reply.status) == ("Hello", "a greeting", "ok")
    assert (reply.model, reply.finish_reason, reply.attempts) == ("tiny", "stop", 1)
    assert reply.usage.input_tokens == 3
    assert reply.usage.output_tokens > 0
    assert reply.ignored == ()
    assert reply.seconds > 0


async def test_settings_left_to_the_server_are_not_sent(backend: MakeBackend) -> None:
    async with FaultyServer() as server:
        async with backend(server).session() as session:
            await session.ask(question())
        assert set(server.requests[0].body) == {"model", "messages"}


async def test_extra_may_not_replace_what_the_client_relies_on(backend: MakeBackend) -> None:
    async with FaultyServer() as server, backend(server).session() as session:
        with pytest.raises(InvalidInput, match="stream"):
            await session.ask(question(sampling=replace(PLAIN, extra={"stream": True})))
        with pytest.raises(InvalidInput, match="cannot be sent as JSON"):
            await session.ask(question(sampling=replace(PLAIN, extra={"x": object()})))
        assert server.count == 0


async def test_lone_surrogates_neither_break_a_request_nor_come_back(backend: MakeBackend) -> None:
    async with FaultyServer(answer=lambda _got, _index: "half \ud83d of a face") as server:
        async with backend(server).session() as session:
            [reply] = await session.ask(question("odd \udcff bytes"))
        assert server.requests[0].last == "odd ? bytes"
    assert reply.text == "half ? of a face"


# --- several replies to one request -------------------------------------------------------------


async def test_n_replies_by_one_request(backend: MakeBackend) -> None:
    async with FaultyServer(answer=rolled) as server, backend(server).session() as session:
        replies = await session.ask(question(sampling=replace(PLAIN, seed=1)), n=4)
        assert server.count == 1
    assert len({reply.text for reply in replies}) == 4
    assert [reply.usage.input_tokens for reply in replies] == [4, 0, 0, 0]
    assert total(replies).output_tokens == 4 * 4
    assert total(replies).calls == 4


@pytest.mark.parametrize("most", [1, 3])
async def test_what_one_request_does_not_bring_is_asked_for_one_by_one(
    backend: MakeBackend, most: int
) -> None:
    seeded = question(sampling=replace(PLAIN, seed=1))
    async with FaultyServer(answer=rolled) as server, Calls() as calls:
        together = await calls.ask(backend(server), seeded, n=4)
    async with FaultyServer(answer=rolled, most_choices=most) as server, Calls() as calls:
        topped_up = await calls.ask(backend(server), seeded, n=4)
        assert server.count == 1 + 4 - most
        again = await calls.ask(backend(server), replace(seeded, sample=4), n=4)
        # A server that gave one is not asked for several again; one with a limit is.
        asked = [received.n for received in server.requests]
        assert asked == ([4, *[1] * 7] if most == 1 else [4, 1, 4, 1])
    # The same draws, however they were made: the seeds follow the samples.
    assert [reply.text for reply in topped_up] == [reply.text for reply in together]
    assert len({reply.text for reply in (*topped_up, *again)}) == 8
    ignored = ("n",) if most == 1 else ()
    assert [reply.ignored for reply in (*topped_up, *again)] == [ignored] * 8
    # Each request reads the prompt.
    assert total(topped_up).input_tokens == 4 * (1 + 4 - most)


@pytest.mark.parametrize("most", [1, 3])
async def test_a_session_hands_over_what_one_request_brought(
    backend: MakeBackend, most: int
) -> None:
    async with FaultyServer(most_choices=most) as server, backend(server).session() as session:
        first = await session.ask(question(), n=4)
        again = await session.ask(question(), n=4)
        assert [received.n for received in server.requests] == [4, 1 if most == 1 else 4]
    assert (len(first), len(again)) == (most, most)
    ignored = ("n",) if most == 1 else ()
    assert {reply.ignored for reply in first + again} == {ignored}


async def test_a_server_that_refuses_n(backend: MakeBackend) -> None:
    def script(received: Received) -> do.Step | None:
        message = "Only one completion choice is allowed."
        return do.error(400, message) if received.n > 1 else None

    async with FaultyServer(script, answer=rolled) as server, Calls() as calls:
        replies = await calls.ask(backend(server), question(), n=3)
        assert server.count == 4
    assert [reply.status for reply in replies] == ["ok"] * 3
    assert [reply.ignored for reply in replies] == [("n",)] * 3


async def test_several_greedy_replies_are_refused_only_where_they_are_greedy(
    backend: MakeBackend,
) -> None:
    def script(received: Received) -> do.Step | None:
        if received.n > 1 and received.body["temperature"] == 0:
            return do.error(400, "n must be 1 when using greedy sampling, got 3.")
        return None

    async with FaultyServer(script) as server, Calls() as calls:
        greedy = question(sampling=replace(PLAIN, temperature=0))
        replies = await calls.ask(backend(server), greedy, n=3)
        assert [reply.status for reply in replies] == ["ok"] * 3
        assert server.count == 4
        warm = question(sampling=replace(PLAIN, temperature=1))
        replies = await calls.ask(backend(server), warm, n=3)
        assert server.count == 5
    assert [reply.ignored for reply in replies] == [()] * 3


async def test_seeds_of_different_draws_are_never_equal(backend: MakeBackend) -> None:
    async with FaultyServer() as server, backend(server).session() as session:
        for seed in range(5):
            for sample in range(5):
                sampling = replace(PLAIN, seed=seed)
                await session.ask(replace(question(sampling=sampling), sample=sample))
        seeds = [received.body["seed"] for received in server.requests]
    assert len(set(seeds)) == 25
    assert all(0 <= seed < 2**31 for seed in seeds)


# --- settings that a server does not know -------------------------------------------------------


async def test_unknown_settings_are_left_out_remembered_and_reported(backend: MakeBackend) -> None:
    async with FaultyServer(refuses=("top_k", "repetition_penalty")) as server:
        async with backend(server).session() as session:
            [first] = await session.ask(question(sampling=Sampling()))
            [second] = await session.ask(question(sampling=Sampling()))
            [third] = await session.ask(question())
        assert server.count == 3 + 1 + 1
    assert first.status == second.status == "ok"
    assert first.ignored == second.ignored == ("repetition_penalty", "top_k")
    assert (first.attempts, second.attempts) == (3, 1)
    assert third.ignored == ()


async def test_a_renamed_setting_is_not_an_ignored_one(backend: MakeBackend) -> None:
    def script(received: Received) -> do.Step | None:
        if "max_tokens" not in received.body:
            return None
        return do.error(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )

    async with FaultyServer(script) as server, backend(server).session() as session:
        [reply] = await session.ask(question(sampling=replace(PLAIN, max_tokens=100)))
        assert server.requests[-1].body["max_completion_tokens"] == 100
    assert (reply.status, reply.ignored) == ("ok", ())


async def test_a_limit_above_the_models_own_is_left_to_the_server(backend: MakeBackend) -> None:
    def script(received: Received) -> do.Step | None:
        if received.body.get("max_tokens", 0) <= 1024:
            return None
        message = (
            "max_tokens=8192 cannot be greater than max_model_len=1024. "
            "Please request fewer output tokens."
        )
        return do.error(400, message, param="max_tokens")

    async with FaultyServer(script) as server, backend(server).session() as session:
        [reply] = await session.ask(question(sampling=replace(PLAIN, max_tokens=8192)))
        assert (reply.status, reply.ignored) == ("ok", ("max_tokens",))
        [reply] = await session.ask(question(sampling=replace(PLAIN, max_tokens=8192)))
        assert reply.attempts == 1
        [reply] = await session.ask(question(sampling=replace(PLAIN, max_tokens=100)))
        assert server.requests[-1].body["max_tokens"] == 100
    assert reply.ignored == ()


async def test_a_limit_that_does_not_fit_beside_the_prompt(backend: MakeBackend) -> None:
    def script(received: Received) -> do.Step | None:
        if "max_tokens" not in received.body:
            return None
        message = (
            "'max_tokens' or 'max_completion_tokens' is too large: 900. This model's maximum "
            "context length is 1024 tokens and your request has 200 input tokens."
        )
        return do.error(400, message)

    async with FaultyServer(script) as server, backend(server).session() as session:
        sampling = replace(PLAIN, max_tokens=900)
        [reply] = await session.ask(question(sampling=sampling))
        await session.ask(question("short", sampling))
        assert server.count == 4  # each prompt has its own room
    assert (reply.status, reply.ignored) == ("ok", ("max_tokens",))


def test_the_public_api_is_not_asked_for_what_it_does_not_know() -> None:
    backend = OpenAIBackend("gpt-5-mini")
    body, ignored = backend._dialect().body(question(sampling=Sampling()), sample=0, count=1)
    assert ignored == ("repetition_penalty", "top_k")
    assert body["max_completion_tokens"] == 8192
    assert not {"top_k", "repetition_penalty", "max_tokens"} & set(body)


# --- what comes back ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "status", "text"),
    [
        (do.refusal("No."), "refusal", ""),
        (do.filtered(), "refusal", ""),
        (do.empty(), "empty", ""),
        (do.Say(answer=" \n"), "empty", " \n"),
        (do.Say(answer=Choice(text=None)), "empty", ""),
        (do.cut_off("half a"), "length", "half a"),
        (do.Say(answer=Choice(text="", reasoning="hm", finish_reason="length")), "length", ""),
        (do.context_overflow(), "context_overflow", ""),
        (do.error(413, "Request entity too large"), "context_overflow", ""),
        (do.error(400, "Flagged.", code="content_filter"), "refusal", ""),
        (do.Say(answer=Choice(text="half", finish_reason="abort")), "malformed", "half"),
    ],
)
async def test_outcomes(backend: MakeBackend, step: do.Step, status: str, text: str) -> None:
    async with FaultyServer([step]) as server, backend(server).session() as session:
        [reply] = await session.ask(question())
        assert server.count == 1
        [after] = await session.ask(question())
    assert (reply.status, reply.text) == (status, text)
    assert reply.usable == (status == "length" and bool(text))
    assert bool(reply.error) != reply.usable
    assert reply.usage.calls == 1
    assert after.status == "ok"


async def test_missing_usage_and_model(backend: MakeBackend) -> None:
    async with (
        FaultyServer([do.without("usage"), do.without("model")]) as server,
        backend(server).session() as session,
    ):
        [one] = await session.ask(question())
        [two] = await session.ask(question())
    assert (one.status, one.usage.input_tokens, one.usage.output_tokens) == ("ok", 0, 0)
    assert (two.status, two.model) == ("ok", "")


# --- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"base_url": "localhost:8000"}, "base_url"),
        ({"base_url": "https://user:pass@host/v1"}, "base_url"),
        ({"base_url": "https://host/v1?key=1"}, "base_url"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"stall_seconds": 0}, "stall_seconds"),
    ],
)
def test_bad_arguments(settings: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenAIBackend("m", **settings)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_names_and_identity() -> None:
    backend = OpenAIBackend("org/m", base_url="http://localhost:1/v1/chat/completions/")
    assert backend.name == "openai/org/m"
    assert backend.identity == "http://localhost:1/v1 org/m"


# --- loops, sessions, cancellation --------------------------------------------------------------


def test_one_backend_in_one_loop_after_the_other(backend: MakeBackend) -> None:
    async def once(made: OpenAIBackend) -> str:
        async with made.session() as session:
            replies = [await session.ask(question()) for _ in range(2)]
        assert len(asyncio.all_tasks()) == 1
        return replies[1][0].status

    with FaultyServer().in_process() as server:
        made = backend(server)
        assert [asyncio.run(once(made)) for _ in range(2)] == ["ok", "ok"]
        assert server.count == 4
        assert server.connections == 2


async def test_a_closed_session_says_so(backend: MakeBackend) -> None:
    async with FaultyServer() as server:
        async with backend(server).session() as session:
            pass
        with pytest.raises(BackendError, match="closed"):
            await session.ask(question())
        assert server.count == 0
