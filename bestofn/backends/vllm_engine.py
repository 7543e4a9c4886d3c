"""Models that vLLM runs inside this process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import BackendError, InvalidInput
from .refusals import brief
from .vllm_session import EngineSession, VLLMParts

_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)


class VLLMEngine:
    """A model in this process, without a server.

    Loading takes from seconds to minutes, during which the event loop stands still. A run opens
    the engine and closes it at its end; to keep the model between runs, open it yourself::

        async with VLLMEngine("Qwen/Qwen3-8B", lora="judge-adapter") as engine:
            await aselect(problem, candidates, judge=LLMJudge(engine))

    Prompts are made by the tokenizer's chat template (``Sampling.extra["chat_template_kwargs"]``
    goes to it) and their common beginnings are computed once. ``Sampling.extra`` takes
    ``structured_outputs``, ``logprobs`` with ``top_logprobs``, and the fields of vLLM's
    ``SamplingParams``.

    Args:
        model: A folder, or a name that vLLM can load.
        lora: Folder of a LoRA adapter to answer with.
        engine_args: Fields of vLLM's ``AsyncEngineArgs``.

    Raises:
        InvalidInput: naming the argument.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        lora: str | Path | None = None,
        engine_args: Mapping[str, Any] | None = None,
    ) -> None:
        if not str(model):
            raise InvalidInput("model", "must be a folder, or a name that vLLM can load")
        self._model = str(model)
        self._lora = None if lora is None else Path(lora)
        self._engine_args = dict(engine_args or {})
        self._kept: EngineSession | None = None
        self._stack = AsyncExitStack()

    @property
    def name(self) -> str:
        """``vllm/<model>``, with ``+<adapter>`` if there is one."""
        return f"vllm/{self._model}" + ("" if self._lora is None else f"+{self._lora.name}")

    @property
    def identity(self) -> str:
        """The model, the adapter, and how the engine was set up."""
        lora = "" if self._lora is None else f" lora={self._lora}"
        settings = json.dumps(self._engine_args, sort_keys=True, default=str)
        return f"vllm engine {self._model}{lora} {settings}"

    def __repr__(self) -> str:
        return f"VLLMEngine({self.name!r})"

    async def __aenter__(self) -> VLLMEngine:
        self._kept = await self._stack.enter_async_context(self._opened())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kept = None
        await self._stack.aclose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[EngineSession]:
        """The engine, loaded now unless it is kept open.

        Raises:
            BackendError: vLLM is not installed or cannot load the model.
        """
        if self._kept is not None:
            yield self._kept
            return
        async with self._opened() as session:
            yield session

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[EngineSession]:
        vllm = VLLMParts.load()
        arguments: dict[str, Any] = {"model": self._model, "enable_prefix_caching": True}
        lora = None
        if self._lora is not None:
            # One adapter more than is used: without it, some versions wait for a free place.
            arguments |= {"enable_lora": True, "max_loras": 2, "max_lora_rank": _rank(self._lora)}
            lora = vllm.lora_request(self._lora.name or "lora", 1, str(self._lora))
        try:
            engine = vllm.engine.from_engine_args(
                vllm.engine_args(**{**arguments, **self._engine_args})
            )
        except Exception as error:
            raise BackendError(
                f"vLLM cannot load {self._model!r}: {type(error).__name__}: {brief(str(error))}"
            ) from error
        session = EngineSession(self.name, vllm, engine, lora)
        del engine  # something that vLLM imports keeps this frame alive until Python ends
        try:
            yield session
        finally:
            session.close()


def _rank(lora: Path) -> int:
    """The smallest rank that the engine can be set up with and that holds the adapter.

    Raises:
        InvalidInput: this is not the folder of an adapter.
    """
    try:
        rank = json.loads((lora / "adapter_config.json").read_bytes())["r"]
        return next(allowed for allowed in _LORA_RANKS if allowed >= rank)
    except OSError as error:
        raise InvalidInput("lora", f"{lora} holds no adapter_config.json") from error
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InvalidInput("lora", f"{lora}/adapter_config.json names no usable rank r") from error
