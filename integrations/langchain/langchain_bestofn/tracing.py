"""Runs within runs: every sample and every judgment is a child of the run that asked for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import uuid4

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.callbacks.base import BaseCallbackManager
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    patch_config,
    set_config_context,
)
from langchain_core.runnables.utils import coro_with_context

from bestofn import BestOfNError, Reply
from bestofn.events import CallFailed, CallFinished, CallStarted, Event

from .messages import as_metadata, said
from .models import NOSTREAM

T = TypeVar("T")
LLMRun = CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun


_streamed: ContextVar[CallbackManagerForLLMRun | None] = ContextVar("streamed", default=None)


def announced(config: RunnableConfig | None) -> tuple[RunnableConfig, CallbackManagerForLLMRun]:
    """A config for a run that is yet to begin, and that run.

    LangChain tells a model's ``_stream`` nothing of its run: so the run's id and handlers are
    settled beforehand.
    """
    known = ensure_config(config)
    manager = get_callback_manager_for_config(known)
    run_id = known.get("run_id") or uuid4()
    known["callbacks"], known["run_id"] = manager, run_id
    return known, CallbackManagerForLLMRun(
        run_id=run_id,
        handlers=[],
        inheritable_handlers=manager.inheritable_handlers,
        inheritable_tags=manager.inheritable_tags,
        inheritable_metadata=manager.inheritable_metadata,
    )


@contextmanager
def streaming(run: CallbackManagerForLLMRun) -> Iterator[None]:
    """While a stream of that run begins."""
    token = _streamed.set(run)
    try:
        yield
    finally:
        _streamed.reset(token)


def streamed_run() -> CallbackManagerForLLMRun | None:
    """The run whose stream begins now."""
    return _streamed.get()


def below(run: LLMRun | None) -> RunnableConfig:
    """The config of runs that are children of a chat model's run, which offers none itself."""
    config = ensure_config()
    if run is None:
        return config
    manager = CallbackManager(handlers=[], parent_run_id=run.run_id)
    manager.set_handlers(run.inheritable_handlers)
    manager.add_tags(run.inheritable_tags)
    manager.add_metadata(run.inheritable_metadata)
    return patch_config(config, callbacks=manager)


def quiet(config: RunnableConfig, name: str, **metadata: Any) -> RunnableConfig:
    """The config of a run of that name whose tokens are nobody's answer."""
    quieted = patch_config(config, run_name=name)
    quieted["tags"] = [*config.get("tags", []), NOSTREAM]
    quieted["metadata"] = {**config.get("metadata", {}), **metadata}
    return quieted


async def within(config: RunnableConfig, work: Coroutine[Any, Any, T]) -> T:
    """Do work whose runs, wherever they start, are children of ``config``'s."""
    with set_config_context(config) as context:
        return await coro_with_context(work, context)


async def as_run(
    name: str,
    inputs: Mapping[str, Any],
    config: RunnableConfig,
    work: Callable[[BaseCallbackManager], Awaitable[T]],
    outputs: Callable[[T], Any],
) -> T:
    """Do work as a run of its own.

    Args:
        name: Of the run.
        inputs: What is written down as its input.
        config: Of its parent.
        work: Is given the manager for the run's children.
        outputs: What to write down of the result.
    """
    run = await get_async_callback_manager_for_config(config).on_chain_start(
        None, dict(inputs), name=name
    )
    try:
        children = run.get_child()

        async def working() -> T:
            return await work(children)

        result = await within(patch_config(config, callbacks=children), working())
    except BaseException as error:
        await run.on_chain_error(error)
        raise
    await run.on_chain_end(outputs(result))
    return result


class Judgments:
    """Shows a judge's calls that LangChain knows nothing of as runs; a listener for ``Calls``."""

    def __init__(self) -> None:
        self._manager: CallbackManager | None = None
        self._runs: dict[int, CallbackManagerForLLMRun] = {}

    def belong_to(self, manager: BaseCallbackManager) -> None:
        """Calls from now on are children of that manager's run."""
        self._manager = CallbackManager(
            handlers=manager.handlers,
            inheritable_handlers=manager.inheritable_handlers,
            parent_run_id=manager.parent_run_id,
            tags=manager.tags,
            inheritable_tags=manager.inheritable_tags,
            metadata=manager.metadata,
            inheritable_metadata=manager.inheritable_metadata,
        )

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if self._manager is None or getattr(event, "purpose", None) != "judge":
            return
        if isinstance(event, CallStarted):
            self._start(self._manager, event)
        elif isinstance(event, CallFinished):
            if event.call not in self._runs:  # answered by a journal
                self._start(self._manager, event)
            run = self._runs.pop(event.call)
            run.on_llm_end(LLMResult(generations=[[_generation(reply) for reply in event.replies]]))
        elif isinstance(event, CallFailed) and event.call in self._runs:
            self._runs.pop(event.call).on_llm_error(
                BestOfNError(f"{event.error_type}: {event.error}")
            )

    def _start(self, manager: CallbackManager, event: CallStarted | CallFinished) -> None:
        (run,) = manager.on_chat_model_start(
            {"name": event.backend},
            [said(event.request)],
            name=f"judgment by {event.backend}",
            invocation_params={"model": event.backend},
        )
        self._runs[event.call] = run


def _generation(reply: Reply) -> ChatGeneration:
    message = AIMessage(
        content=reply.text,
        usage_metadata=as_metadata(reply.usage),
        response_metadata={"finish_reason": reply.finish_reason, "model_name": reply.model},
    )
    return ChatGeneration(message=message)
