"""How a model streams whose answer is there at once, below whose run other models run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from functools import partial
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig

from .blocking import blocking
from .messages import chunks_of
from .tracing import LLMRun, announced, streamed_run, streaming


class ChoosingChatModel(BaseChatModel):
    """A chat model that comes by its answers in :meth:`_choose`; here they are handed out."""

    @abstractmethod
    async def _choose(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run: LLMRun | None,
        kwargs: Mapping[str, Any],
        *,
        asynchronous: bool = True,
    ) -> AIMessage:
        """The answer; ``asynchronous`` says whether other models may be asked by await."""

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Stream the chosen answer, once it is chosen."""
        config, run = announced(config)
        chunks = cast(
            "Generator[AIMessageChunk]", super().stream(input, config, stop=stop, **kwargs)
        )
        with closing(chunks):
            with streaming(run):
                first = next(chunks)
            yield first
            yield from chunks

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream the chosen answer, once it is chosen."""
        config, run = announced(config)
        chunks = cast(
            "AsyncGenerator[AIMessageChunk]", super().astream(input, config, stop=stop, **kwargs)
        )
        async with aclosing(chunks):
            with streaming(run):
                first = await anext(chunks)
            yield first
            async for chunk in chunks:
                yield chunk

    def _should_stream(self, *, async_api: bool, run_manager: Any = None, **kwargs: Any) -> bool:
        # LangChain does not tell `_stream` of the run below which samples belong, but it tells
        # `_generate`, which reports the answer's pieces itself where `_tells` says so.
        return run_manager is None and super()._should_stream(async_api=async_api, **kwargs)

    def _tells(self, run: LLMRun | None, kwargs: Mapping[str, Any], *, async_api: bool) -> bool:
        """Whether somebody listens for pieces of the answer."""
        return run is not None and super()._should_stream(
            async_api=async_api, run_manager=run, **kwargs
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self._choose_blocking(messages, stop, run_manager, kwargs)
        if run_manager is not None and self._tells(run_manager, kwargs, async_api=False):
            for chunk in chunks_of(message):
                run_manager.on_llm_new_token(
                    str(chunk.text), chunk=ChatGenerationChunk(message=chunk)
                )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = await self._choose(messages, stop, run_manager, kwargs)
        if run_manager is not None and self._tells(run_manager, kwargs, async_api=True):
            for chunk in chunks_of(message):
                await run_manager.on_llm_new_token(
                    str(chunk.text), chunk=ChatGenerationChunk(message=chunk)
                )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        run = run_manager or streamed_run()
        for chunk in chunks_of(self._choose_blocking(messages, stop, run, kwargs)):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        run = run_manager or streamed_run()
        for chunk in chunks_of(await self._choose(messages, stop, run, kwargs)):
            yield ChatGenerationChunk(message=chunk)

    def _choose_blocking(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run: LLMRun | None,
        kwargs: Mapping[str, Any],
    ) -> AIMessage:
        return blocking(partial(self._choose, messages, stop, run, kwargs, asynchronous=False))
