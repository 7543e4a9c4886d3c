"""vLLM inside this process: the same answers as the server gives, without one."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from bestofn.backends.base import Session
from bestofn.backends.vllm import VLLMBackend, one_of
from bestofn.backends.vllm_engine import VLLMEngine
from bestofn.chat import ChatRequest, Sampling, total
from bestofn.errors import BackendError, RequestRejected

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore")]  # of vLLM's own, at import

ENGINE_ARGS = {
    "dtype": "float32",
    "max_model_len": 8192,
    "max_num_seqs": 16,
    "enforce_eager": True,
    "distributed_executor_backend": "uni",
    "kv_cache_memory_bytes": 64 << 20,
    "disable_log_stats": False,
}
SHORT = Sampling(temperature=1.0, max_tokens=12, seed=7)
ASK = ChatRequest.ask("Write a program that prints 1.", sampling=SHORT)
GREEDY = replace(ASK, sampling=replace(SHORT, temperature=0))
ENDLESS = replace(ASK, sampling=replace(SHORT, max_tokens=8000, extra={"ignore_eos": True}))


@pytest.fixture(scope="module")
async def engine(tiny: Path) -> AsyncIterator[VLLMEngine]:
    backend = VLLMEngine(tiny / "model", lora=tiny / "adapter", engine_args=ENGINE_ARGS)
    async with backend as opened:
        yield opened
    gc.collect()  # vLLM leaves open ends: they may complain here, not in another test


@pytest.fixture(scope="module")
async def session(engine: VLLMEngine) -> AsyncIterator[Session]:
    async with engine.session() as opened:
        yield opened


def metric(name: str) -> float:
    """A figure of the engine's, as it would be at a server's ``/metrics``."""
    from prometheus_client import REGISTRY

    samples = (sample for family in REGISTRY.collect() for sample in family.samples)
    value: float = next(sample.value for sample in samples if sample.name == name)
    return value


async def until_running(count: int, *, seconds: float) -> None:
    with anyio.fail_after(seconds):
        while metric("vllm:num_requests_running") != count:  # noqa: ASYNC110
            await anyio.sleep(0.02)  # how often to look


async def test_the_adapter_answers_as_on_a_server(session: Session, url: str) -> None:
    (here,) = await session.ask(GREEDY)
    texts = {}
    for lora in (None, "tiny-judge"):
        async with VLLMBackend("tiny", base_url=url, lora=lora).session() as server:
            (there,) = await server.ask(GREEDY)
            texts[lora] = there.text
    assert here.text == texts["tiny-judge"] != texts[None]


async def test_several_replies_are_those_drawn_one_by_one(session: Session) -> None:
    together = await session.ask(ASK, 3)
    apart = [(await session.ask(replace(ASK, sample=sample)))[0] for sample in range(3)]
    assert [reply.text for reply in together] == [reply.text for reply in apart]
    assert len({reply.text for reply in together}) == 3
    assert total(together).input_tokens == total(apart[:1]).input_tokens > 0
    assert total(together).calls == 3


async def test_several_greedy_replies_are_equal(session: Session) -> None:
    replies = await session.ask(GREEDY, 3)
    assert len(replies) == 3
    assert len({reply.text for reply in replies}) == 1


async def test_every_setting_of_the_paper_is_taken(session: Session) -> None:
    (reply,) = await session.ask(replace(ASK, sampling=Sampling(max_tokens=4, seed=1)))
    assert reply.status in ("ok", "length")
    assert reply.ignored == ()


async def test_a_setting_that_does_not_exist_is_reported(session: Session) -> None:
    (reply,) = await session.ask(replace(ASK, sampling=replace(SHORT, extra={"sparkle": 1})))
    assert reply.ignored == ("sparkle",)


async def test_a_choice_with_logprobs(session: Session) -> None:
    extra = {**one_of(["A", "B"]), "logprobs": True, "top_logprobs": 4}
    (reply,) = await session.ask(replace(ASK, sampling=replace(SHORT, extra=extra)))
    assert reply.text in ("A", "B")
    ranked = reply.extra["logprobs"]["content"][0]["top_logprobs"]
    assert {"A", "B"} <= {each["token"] for each in ranked}


async def test_common_beginnings_are_computed_once(session: Session) -> None:
    text = "The same long beginning of every prompt. " * 40
    before = metric("vllm:prefix_cache_hits_total")
    for end in ("first", "second"):
        await session.ask(ChatRequest.ask(text + end, sampling=SHORT))
    assert metric("vllm:prefix_cache_hits_total") - before >= 128


async def test_a_prompt_that_does_not_fit_is_an_outcome(session: Session) -> None:
    (reply,) = await session.ask(ChatRequest.ask("def\n" * 10_000, sampling=SHORT))
    assert reply.status == "context_overflow"


async def test_an_impossible_setting_is_named(session: Session) -> None:
    with pytest.raises(RequestRejected, match="min_p"):
        await session.ask(replace(ASK, sampling=replace(SHORT, extra={"min_p": 7})))


async def test_a_pattern_that_is_none_ends_the_run(session: Session) -> None:
    extra = {"structured_outputs": {"regex": "("}}
    with pytest.raises(RequestRejected):
        await session.ask(replace(ASK, sampling=replace(SHORT, extra=extra)))


async def test_a_cancelled_request_frees_the_engine(session: Session) -> None:
    async with anyio.create_task_group() as tasks:
        for n in (1, 2):
            tasks.start_soon(session.ask, ENDLESS, n)
        await until_running(3, seconds=30)
        tasks.cancel_scope.cancel()
    await until_running(0, seconds=5)
    (reply,) = await session.ask(ASK)
    assert reply.status in ("ok", "length")


async def test_a_folder_without_a_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=str(tmp_path)):
        async with VLLMEngine(tmp_path, engine_args=ENGINE_ARGS).session():
            pass
