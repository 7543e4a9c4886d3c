"""The chat model: what is asked, what comes back, what it costs, and what may go wrong."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from contextlib import aclosing, closing

import langchain_bestofn
import openai
import pytest
from langchain_bestofn import BestOfNChatModel
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel, SimpleChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.ai import add_usage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, ValidationError

from bestofn import BackendError, Budget, InvalidInput, LLMJudge, Price, RequestRejected
from bestofn.judges import SelfConsistencyJudge
from bestofn.testing import FaultyServer, ScriptedBackend, faults
from bestofn.tournaments import RoundRobin

pytestmark = pytest.mark.anyio

N = 4
SLOW = 1.0
"""Seconds of a provider whose requests must be seen side by side."""


def answers(*texts):
    """A provider's answers, one after the other, again and again."""
    turns = itertools.cycle(texts)
    return lambda received, index: next(turns)


def told(message: AIMessage) -> dict:
    return message.response_metadata["bestofn"]


def test_public_names():
    names = ["BestOfNChatModel", "BestOfNMiddleware", "LangChainBackend", "Selector"]
    assert langchain_bestofn.__all__ == names
    assert all(hasattr(langchain_bestofn, name) for name in names)
    with pytest.raises(AttributeError, match="nothing"):
        getattr(langchain_bestofn, "nothing")  # noqa: B009 - asked by name


def test_the_best_is_returned(provider, chat):
    message = BestOfNChatModel(model=chat, n=2).invoke("Tell me something.")
    assert message.text.count("Indeed.") == 1  # the second of the provider's answers is longer
    (comparison,) = told(message)["comparisons"]
    assert comparison["winner"] == told(message)["best"] == told(message)["ranking"][0]
    assert provider.count == 2 + 1


async def test_the_best_is_returned_async(provider, chat):
    message = await BestOfNChatModel(model=chat, n=2).ainvoke("Tell me something.")
    assert message.text.count("Indeed.") == 1
    assert provider.count == 2 + 1


def test_the_message_says_how_it_was_chosen(provider, chat):
    word = told(BestOfNChatModel(model=chat, n=N).invoke("Tell me something."))
    assert word["judge"] == "openai/loopback"
    assert word["ranking"][0] == word["best"]
    assert sorted(word["ranking"]) == sorted(word["scores"]) == ["0", "1", "2", "3"]
    assert len(word["comparisons"]) == 8
    assert {it["winner"] for it in word["comparisons"]} <= set(word["ranking"])
    assert (word["n"], word["samples"], word["failed"], word["rejected"]) == (N, N, [], [])
    assert provider.count == N + 8


async def test_sync_works_inside_a_running_loop(chat):
    assert told(BestOfNChatModel(model=chat, n=2).invoke("Hello"))["samples"] == 2


def test_sync_twice_in_a_row_and_in_batches(chat):
    model = BestOfNChatModel(model=chat, n=2, judge="self-consistency")
    assert [model.invoke("Hello").text != "" for _ in range(3)] == [True] * 3
    assert len(model.batch(["Hello", "Hey", "Ho"])) == 3


async def test_batches_are_answered_one_by_one(chat):
    model = BestOfNChatModel(model=chat, n=2, judge="self-consistency")
    messages = await model.abatch(["Hello", "Hey", "Ho"])
    assert [told(message)["samples"] for message in messages] == [2, 2, 2]


def test_samples_are_drawn_side_by_side(chat_at):
    with FaultyServer(answer="yes", latency=SLOW).in_process() as server:
        BestOfNChatModel(model=chat_at(server.url), n=N).invoke("Hello")
        assert server.most_in_flight == N
        assert server.count == N  # equal answers need no judge


async def test_samples_are_drawn_side_by_side_async(chat_at):
    async with FaultyServer(answer="yes", latency=SLOW) as server:
        await BestOfNChatModel(model=chat_at(server.url), n=N).ainvoke("Hello")
        assert server.most_in_flight == N


class Blocking(SimpleChatModel):
    """A model without an async form, which counts its calls."""

    said: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "blocking"

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        self.said.append("again and " * len(self.said) + "again")
        return self.said[-1]


class Awaiting(BaseChatModel):
    """A model with an async form alone."""

    @property
    def _llm_type(self) -> str:
        return "awaiting"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        raise NotImplementedError("ask me by await")

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=AIMessage("awaited"))])


async def test_a_model_that_only_blocks_serves_in_both_worlds():
    inner = Blocking()
    model = BestOfNChatModel(model=inner, n=3, judge="first")
    assert (await model.ainvoke("Hello")).usage_metadata is None
    assert "again" in model.invoke("Hello").text
    assert len(inner.said) == 6


async def test_a_model_that_only_awaits_serves_where_it_can():
    model = BestOfNChatModel(model=Awaiting(), n=3)
    assert (await model.ainvoke("Hello")).text == "awaited"
    with pytest.raises(BackendError, match="ask me by await") as caught:
        model.invoke("Hello")
    assert isinstance(caught.value.__cause__, NotImplementedError)


def test_failed_samples_are_left_out_and_named(chat_at):
    script = [faults.error(500, "Internal"), None, faults.not_json(), None]
    with FaultyServer(script, answer=answers("short", "rather long")).in_process() as server:
        message = BestOfNChatModel(model=chat_at(server.url), n=4, judge="first").invoke("Hello")
    word = told(message)
    assert message.text in ("short", "rather long")
    assert (word["n"], word["samples"]) == (4, 2)
    assert Counter(it["status"] for it in word["failed"]) == {"unavailable": 1, "malformed": 1}
    assert any("Internal" in it["error"] for it in word["failed"])
    assert word["best"] not in {it["id"] for it in word["failed"]}


def test_when_all_fail_the_first_error_is_the_cause(chat_at):
    with FaultyServer(faults.forever(faults.error(500, "Broken"))).in_process() as server:
        model = BestOfNChatModel(model=chat_at(server.url), n=3)
        with pytest.raises(BackendError, match=r"none of 3 samples .*: .*Broken") as it:
            model.invoke("Hello")
    assert isinstance(it.value.__cause__, openai.InternalServerError)


async def test_a_wrong_key_is_a_rejection(chat_at):
    async with FaultyServer(api_key="right") as server:
        with pytest.raises(RequestRejected) as caught:
            await BestOfNChatModel(model=chat_at(server.url), n=2).ainvoke("Hello")
    assert caught.value.status == 401


def test_fallbacks_stand_around_it(chat_at, chat):
    with FaultyServer(faults.forever(faults.error(500))).in_process() as server:
        poor = BestOfNChatModel(model=chat_at(server.url), n=2)
        model = poor.with_fallbacks([BestOfNChatModel(model=chat, n=2)])
        assert told(model.invoke("Hello"))["samples"] == 2


@pytest.fixture
def global_cache():
    set_llm_cache(cache := InMemoryCache())
    yield cache
    set_llm_cache(None)


def test_no_cache_makes_all_samples_one(provider, chat_at, global_cache):
    inner = chat_at(provider.url, cache=True)
    model = BestOfNChatModel(model=inner, n=N, judge="first")
    first = model.invoke("Hello")
    assert len({told(first)["samples"], provider.count}) == 1
    own = BestOfNChatModel(model=chat_at(provider.url, cache=InMemoryCache()), n=N, cache=False)
    own.invoke("Hello")
    assert provider.count == N + N + 8
    # What was chosen may be remembered, like any model's answer.
    assert model.invoke("Hello").text == first.text
    assert provider.count == N + N + 8
    assert inner.cache is True  # the user's own model is left as it was


def test_a_fixed_seed_is_counted_up(provider, chat_at):
    inner = chat_at(provider.url, seed=7)
    BestOfNChatModel(model=inner, n=3, judge="first").invoke("Hello")
    BestOfNChatModel(model=inner.bind(seed=40), n=2, judge="first").invoke("Hello")
    assert sorted(it.body["seed"] for it in provider.requests) == [7, 8, 9, 40, 41]


def test_a_model_that_draws_several_is_asked_less_and_counted_once(provider, chat_at):
    inner = chat_at(provider.url, n=4)
    message = BestOfNChatModel(model=inner, n=6).invoke("Hello")
    sampled = [it for it in provider.requests if "<selection>" not in it.prompt]
    assert sorted(it.n for it in sampled) == [2, 4]
    assert all(it.n == 1 for it in provider.requests if it not in sampled)
    word = told(message)
    assert word["samples"] == 6
    assert word["usage"]["sampling"]["calls"] == 6
    assert word["usage"]["sampling"]["input_tokens"] == 2 * 2  # "Hello" is two tokens, asked twice


def sums(message: AIMessage) -> tuple[int, int]:
    paid = told(message)["usage"]["paid"]
    return paid["input_tokens"], paid["output_tokens"]


def test_usage_is_that_of_samples_and_judge_once(chat):
    class Counting(type(chat)):
        usage: list = Field(default_factory=list)

        def _generate(self, *args, **kwargs):
            result = super()._generate(*args, **kwargs)
            self.usage.append(result.generations[0].message.usage_metadata)
            return result

    inner = Counting(
        **{name: getattr(chat, name) for name in ("http_client", "http_async_client")},
        model="loopback",
        api_key="any",
        base_url=chat.openai_api_base,
    )
    message = BestOfNChatModel(model=inner, n=N).invoke("Hello")
    total = None
    for usage in inner.usage:
        total = add_usage(total, usage)
    assert len(inner.usage) == N + 8
    assert message.usage_metadata["input_tokens"] == total["input_tokens"]
    assert message.usage_metadata["output_tokens"] == total["output_tokens"]
    assert sums(message) == (total["input_tokens"], total["output_tokens"])
    parts = told(message)["usage"]
    assert parts["sampling"]["calls"] == N
    assert parts["judging"]["calls"] == 8
    # The answer's model has a name of its own, so that counters by model count nothing twice.
    assert message.response_metadata["model_name"] == f"best-of-{N}/openai/loopback"


async def test_cancelling_cancels_the_samples(chat_at):
    async with FaultyServer(faults.forever(faults.stall())) as server:
        model = BestOfNChatModel(model=chat_at(server.url), n=N)
        asking = asyncio.create_task(model.ainvoke("Hello"))
        async with asyncio.timeout(10):
            while server.in_flight < N:  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(5):
            while server.left < N:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert server.in_flight == 0


def test_what_is_streamed_is_the_chosen_answer(provider, chat):
    model = BestOfNChatModel(model=chat, n=2)
    chunks = list(model.stream("Hello"))
    assert len(chunks) > 1
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    full = chunks[0]
    for chunk in chunks[1:]:
        full += chunk
    assert full.text.count("Indeed.") == 1
    assert full.text.startswith("The cat sat down")
    assert [chunk.usage_metadata is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [
        True
    ]
    assert told(full)["samples"] == 2
    assert len({chunk.id for chunk in chunks}) == 1
    assert full.usage_metadata["total_tokens"] == sum(sums(full))
    assert all("stream" not in it.body or not it.body["stream"] for it in provider.requests)


async def test_streaming_switched_off_gives_the_answer_all_the_same(chat):
    model = BestOfNChatModel(model=chat, n=2, disable_streaming=True)
    texts = [chunk.text async for chunk in model.astream("Hello")]
    assert "".join(texts).startswith("The cat")


def test_settings_reach_the_provider(provider, chat):
    model = BestOfNChatModel(
        model=chat.bind(top_p=0.5), n=2, temperature=0.3, max_tokens=50, stop=["END"], judge="first"
    )
    model.invoke("Hello")
    model.invoke("Hello", stop=["now"], temperature=0.9)
    first, second = provider.requests[0].body, provider.requests[2].body
    assert (first["temperature"], first["top_p"], first["stop"]) == (0.3, 0.5, ["END"])
    assert first["max_completion_tokens"] == 50
    assert (second["temperature"], second["stop"]) == (0.9, ["now"])


class Seen(BaseCallbackHandler):
    """Keeps the tags of every model run that it hears of."""

    def __init__(self) -> None:
        self.tags: list[list[str]] = []

    def on_chat_model_start(self, *args, tags=None, **kwargs):
        self.tags.append(tags or [])


def test_what_a_model_was_configured_with_goes_with_its_samples(chat):
    theirs, ours = Seen(), Seen()
    inner = chat.with_config(tags=["theirs"], callbacks=[theirs])
    model = BestOfNChatModel(model=inner, n=2, judge="first")
    model.invoke("Hello")
    assert len(theirs.tags) == 2
    model.invoke("Hello", {"callbacks": [ours]})
    assert [("theirs" in tags) for tags in ours.tags] == [False, True, True]
    assert len(theirs.tags) == 4


def test_a_model_by_name_takes_its_settings(provider, clients):
    model = BestOfNChatModel(
        model="openai:loopback", n=2, temperature=0.3, top_p=0.9, **clients(provider.url)
    )
    model.invoke("Hello")
    sampled, judged = provider.requests[0].body, provider.requests[-1].body
    assert (sampled["temperature"], sampled["top_p"]) == (0.3, 0.9)
    assert "temperature" not in judged  # the judge keeps its own
    assert model._get_ls_params()["ls_temperature"] == 0.3


def test_tools_bound_before_are_not_offered_to_the_judge(provider, chat):
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    bound = chat.bind_tools([multiply], tool_choice="auto").bind(temperature=0.6)
    model = BestOfNChatModel(model=bound, n=2)
    called = [AIMessage("", tool_calls=[CALL]), ToolMessage("9", tool_call_id="1")]
    model.invoke([HumanMessage("3 times 3?"), *called])
    *sampled, judged = provider.requests
    assert all("tools" in it.body for it in sampled)
    assert "tools" not in judged.body
    assert judged.body["temperature"] == 0.6


async def test_a_stream_that_is_left_early_ends_its_run(chat):
    class Ends(BaseCallbackHandler):
        ended = 0

        def on_llm_error(self, *args, **kwargs):
            self.ended += 1

    handler = Ends()
    model = BestOfNChatModel(model=chat, n=2, judge="first")
    async with aclosing(model.astream("Hello", {"callbacks": [handler]})) as stream:
        async for _ in stream:
            break
    assert handler.ended == 1
    with closing(model.stream("Hello", {"callbacks": [handler]})) as stream:
        next(stream)
    assert handler.ended == 2


def test_pictures_go_to_the_samples_unchanged(provider, chat):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    message = HumanMessage([{"type": "text", "text": "What is this?"}, picture])
    BestOfNChatModel(model=chat, n=2).invoke([message])
    sampled, judged = provider.requests[0], provider.requests[-1]
    assert picture in sampled.body["messages"][0]["content"]
    assert "[image]" in judged.prompt
    assert "iVBOR" not in judged.prompt


def test_a_budget_caps_samples_and_judge_together(provider, chat):
    model = BestOfNChatModel(model=chat, n=4, budget=Budget(calls=6))
    word = told(model.invoke("Hello"))
    assert provider.count == 6
    assert (word["samples"], word["usage"]["paid"]["calls"], word["stopped_by"]) == (4, 6, "calls")
    fewer = told(BestOfNChatModel(model=chat, n=4, budget=Budget(calls=3)).invoke("Hello"))
    assert fewer["samples"] == 3
    assert fewer["stopped_by"] == "calls"
    with pytest.raises(BackendError, match="budget of calls"):
        BestOfNChatModel(model=chat, n=4, budget=Budget(calls=0)).invoke("Hello")


def test_dollars_are_counted_at_the_price_given(chat):
    price = {"openai/loopback": Price(input=1.0, output=2.0)}
    model = BestOfNChatModel(model=chat, n=2, prices=price, budget=Budget(dollars=1.0))
    message = model.invoke("Hello")
    asked, written = sums(message)
    dollars = told(message)["usage"]["paid"]["dollars"]
    assert dollars == pytest.approx((asked + 2 * written) / 1e6)


def test_a_journal_answers_the_same_call_at_no_cost(provider, chat, tmp_path):
    model = BestOfNChatModel(model=chat, n=3, journal=tmp_path / "calls.db")
    first = model.invoke("Hello")
    count = provider.count
    again = model.invoke([HumanMessage("Hello", id="another")])
    assert provider.count == count
    assert again.text == first.text
    assert again.usage_metadata["total_tokens"] == 0
    assert told(again)["usage"]["paid"]["calls"] == 0
    assert told(again)["usage"]["sampling"] == told(first)["usage"]["sampling"]
    model.invoke("Hello!")
    assert provider.count > count


class InPieces(SimpleChatModel):
    """A model that answers by a chunk, and says of its settings only what all models do."""

    temperature: float = 0.0
    asked: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "in pieces"

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        raise NotImplementedError

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.asked.append("once")
        return ChatResult(generations=[ChatGeneration(message=AIMessageChunk("a piece"))])


def test_a_journal_keeps_what_came_in_pieces(tmp_path):
    inner = InPieces()
    model = BestOfNChatModel(model=inner, n=2, journal=tmp_path / "calls.db")
    texts = [model.invoke("Hello").text for _ in range(2)]
    assert texts == ["a piece"] * 2
    assert len(inner.asked) == 2


def test_a_journal_tells_temperatures_apart(tmp_path):
    cold, warm = InPieces(), InPieces(temperature=1.0)
    for inner in (cold, warm):
        BestOfNChatModel(model=inner, n=2, journal=tmp_path / "calls.db").invoke("Hello")
    assert len(cold.asked) == len(warm.asked) == 2


def test_a_journal_keeps_tool_calls(provider, chat, tmp_path):
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    model = BestOfNChatModel(model=chat, n=2, journal=tmp_path / "calls.db")
    first = model.bind_tools([multiply]).invoke("3 times 3?")
    count = provider.count
    again = model.bind_tools([multiply]).invoke("3 times 3?")
    assert provider.count == count == 2  # equal calls: one candidate, no judge
    assert again.tool_calls == first.tool_calls != []
    assert told(again)["rejected"][0]["by"] == "duplicates"


def test_other_judges(chat):
    scripted = ScriptedBackend(lambda request: "<selection>1</selection>")
    judge = LLMJudge(scripted, tournament=RoundRobin())
    word = told(BestOfNChatModel(model=chat, n=3, judge=judge).invoke("Hello"))
    assert word["judge"] == "scripted/model"
    assert len(scripted.requests) == len(word["comparisons"])
    with FaultyServer(answer=answers("42", "forty-two", "42 ")).in_process() as server:
        inner = chat.model_copy()
        inner = type(chat)(
            model="loopback",
            base_url=server.url,
            api_key="any",
            http_client=chat.http_client,
            max_retries=0,
        )
        message = BestOfNChatModel(model=inner, n=3, judge="self-consistency").invoke("6 * 7?")
    assert message.text.strip() == "42"
    assert told(message)["judge"] == SelfConsistencyJudge().name


CALL = {"name": "multiply", "args": {"a": 3, "b": 3}, "id": "1", "type": "tool_call"}
PROGRAMS = (
    "```python\nprint(sum(map(int, input().split())))\n```",
    "```python\na, b = map(int, input().split())\nprint(a + b)\n```",
    "```python\na, b = map(int, input().split())\nprint(a - b)\n```",
)
TASK = "Read two integers and print their sum.\n\nExample input:\n2 3\nExample output:\n5"


def test_programs_are_run_when_that_is_wanted(chat_at):
    with FaultyServer(answer=answers(*PROGRAMS, "I cannot.")).in_process() as server:
        model = BestOfNChatModel(
            model=chat_at(server.url), n=4, judge="consensus", candidates="program"
        )
        message = model.invoke(TASK)
    word = told(message)
    assert "a - b" not in message.text
    assert word["isolation"] is not None
    assert [it["by"] for it in word["rejected"]] == ["no_code"]
    assert word["usage"]["paid"]["calls"] == 4


def test_where_programs_are_wanted_words_are_judged_as_words(chat_at):
    with FaultyServer(
        answer=answers("Yes, surely.", "No.", "yes, surely. ")
    ).in_process() as server:
        model = BestOfNChatModel(
            model=chat_at(server.url), n=3, judge="consensus", candidates="program"
        )
        message = model.invoke("Is it?")
    assert told(message)["judge"] == "self-consistency"
    assert message.text.strip().lower() == "yes, surely."


def test_empty_answers_come_back_with_the_reason(chat_at):
    with FaultyServer(answer="").in_process() as server:
        message = BestOfNChatModel(model=chat_at(server.url), n=2).invoke("Hello")
    assert message.text == ""
    assert "empty" in told(message)["abstained"]


def test_a_copy_follows_its_settings(provider, chat):
    model = BestOfNChatModel(model=chat, n=5, judge="first")
    assert told(model.model_copy(update={"n": 2}).invoke("Hello"))["n"] == 2
    assert provider.count == 2


def test_settings_may_be_assigned(provider, chat):
    model = BestOfNChatModel(model=chat, n=5, judge="first")
    model.n, model.temperature = 2, 0.25
    assert told(model.invoke("Hello"))["n"] == 2
    assert [it.body["temperature"] for it in provider.requests] == [0.25] * 2


def test_best_of_n_may_be_a_sample_or_a_judge_of_another(provider, chat):
    inner = BestOfNChatModel(model=chat, n=3, judge="first")
    message = BestOfNChatModel(model=inner, n=2).invoke("Hello")
    judged = [it for it in provider.requests if "<selection>" in it.prompt]
    assert (provider.count - len(judged), len(judged)) == (2 * 3, 3)
    assert (told(message)["samples"], told(message)["failed"]) == (2, [])


def test_models_that_stream_are_asked_without(provider, chat_at):
    for inner in (chat_at(provider.url, streaming=True), chat_at(provider.url).bind(stream=True)):
        message = BestOfNChatModel(model=inner, n=2).invoke("Hello")
        assert message.usage_metadata["total_tokens"] == sum(sums(message)) > 0
    assert not any(it.body.get("stream") for it in provider.requests)


def test_an_empty_conversation_is_refused_before_it_costs(provider, chat):
    with pytest.raises(InvalidInput, match="messages: must be at least one"):
        BestOfNChatModel(model=chat, n=2).invoke([])
    assert provider.count == 0


def test_it_is_named_by_its_model(chat):
    model = BestOfNChatModel(model=chat)
    assert (model.model_name, model._llm_type) == ("loopback", "best-of-n")
    assert model._get_ls_params()["ls_provider"] == "bestofn"
    same = BestOfNChatModel(model=chat)
    assert model._identifying_params == same._identifying_params
    for other in ({"n": 3}, {"judge": "first"}, {"seed": 1}, {"temperature": 0.1}):
        changed = BestOfNChatModel(model=chat, **other)
        assert model._identifying_params != changed._identifying_params
    assert "any" not in str(model._identifying_params)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n": 0}, "greater than or equal to 1"),
        ({"judge": "nobody"}, "there is no 'nobody'"),
        ({"judge": "consensus"}, "candidates='program'"),
        ({"judge": 3}, "judge"),
        ({"candidates": "poem"}, "candidates"),
        ({"model": lambda x: x}, "must be a LangChain chat model"),
        ({"samples": 3}, "Extra inputs are not permitted"),
        ({"prices": {"x": 3}}, "prices"),
    ],
)
def test_settings_are_checked_when_it_is_made(chat, settings, words):
    with pytest.raises(ValidationError, match=words):
        BestOfNChatModel(**{"model": chat, **settings})


def test_it_shows_its_model_by_name_and_no_header(provider, chat_at):
    secret = chat_at(provider.url, default_headers={"x-key": "sk-secret"})
    model = BestOfNChatModel(model=secret, n=2, judge=secret)
    assert "openai/loopback" in repr(model)
    assert "n=2" in repr(model)
    assert "sk-secret" not in f"{model!r} {model._serialized} {model.model_dump()}"


def test_errors_show_no_key(chat):
    with pytest.raises(ValidationError) as caught:
        BestOfNChatModel(model=chat, api_key="sk-secret")
    assert "sk-secret" not in str(caught.value)


def test_routers_go_around_it_not_into_it(chat):
    with pytest.raises(ValidationError, match="around the result"):
        BestOfNChatModel(model=chat.with_fallbacks([chat]))
