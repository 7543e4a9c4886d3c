from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from bestofn.backends import (
    Backend,
    OpenAIBackend,
    ReplayBackend,
    VLLMBackend,
    VLLMEngine,
    backend_named,
    one_of,
)
from bestofn.chat import ChatRequest, Sampling
from bestofn.errors import BackendError, InvalidInput
from bestofn.testing import FaultyServer

pytestmark = pytest.mark.anyio


async def test_an_adapter_is_asked_for_as_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-this-server")
    async with FaultyServer(model="judge") as server:
        made = VLLMBackend("Qwen/Qwen3-8B", base_url=server.url, lora="judge")
        async with made.session() as session:
            sampling = Sampling(extra=one_of(["A", "B"]))
            [reply] = await session.ask(ChatRequest.ask("Which?", sampling=sampling))
        asked = server.requests[0]
    assert (reply.status, reply.ignored) == ("ok", ())
    assert asked.body["structured_outputs"] == {"choice": ["A", "B"]}
    assert (asked.body["top_k"], asked.body["repetition_penalty"]) == (20, 1.05)
    assert "not-for-this-server" not in str(asked.headers)
    assert made.name == "vllm/Qwen/Qwen3-8B+judge"
    assert made.identity == f"{server.url} Qwen/Qwen3-8B lora=judge"


async def test_a_server_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "of-the-server")
    async with (
        FaultyServer(api_key="of-the-server") as server,
        VLLMBackend("m", base_url=server.url).session() as session,
    ):
        [reply] = await session.ask(ChatRequest.ask("Hi"))
    assert reply.status == "ok"


def test_one_of_nothing() -> None:
    with pytest.raises(InvalidInput):
        one_of([])


def test_backends_by_name(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"prompt": "a", "reply": "b"}\n')
    made: list[Backend] = [
        backend_named("openai/gpt-5-mini"),
        backend_named("openai/org/m", base_url="http://localhost:1/v1", api_key="k"),
        backend_named("vllm/Qwen/Qwen3-8B"),
        backend_named("vllm/m", base_url="http://gpu:8000/v1"),
        backend_named(f"replay/{path}"),
    ]
    kinds = [OpenAIBackend, OpenAIBackend, VLLMBackend, VLLMBackend, ReplayBackend]
    assert [type(backend) for backend in made] == kinds
    assert [backend.identity for backend in made[:4]] == [
        "https://api.openai.com/v1 gpt-5-mini",
        "http://localhost:1/v1 org/m",
        "http://localhost:8000/v1 Qwen/Qwen3-8B",
        "http://gpu:8000/v1 m",
    ]
    assert made[4].name == f"replay/{path}"
    assert all(isinstance(backend, Backend) for backend in made)


@pytest.mark.parametrize("name", ["", "gpt-5", "openai/", "/m", "azure/gpt", "consensus"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(InvalidInput, match="openai/<model>"):
        backend_named(name)


def test_a_recording_takes_no_key() -> None:
    with pytest.raises(InvalidInput, match="file"):
        backend_named("replay/x", base_url="http://localhost:1/v1")


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
async def test_the_engine_says_what_to_install() -> None:
    engine = VLLMEngine("some/model")
    assert engine.name == "vllm/some/model"
    with pytest.raises(BackendError, match=r"bestofn\[vllm\]"):
        async with engine.session():
            pass
    with pytest.raises(BackendError, match=r"bestofn\[vllm\]"):
        async with engine:
            pass
