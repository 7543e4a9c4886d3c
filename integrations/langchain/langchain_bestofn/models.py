"""LangChain chat models as they are asked here: any of them, without cache and streaming."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from anyio import to_thread
from langchain_core.callbacks.base import BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.prompt_values import ChatPromptValue, PromptValue
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from pydantic_core import to_jsonable_python

from bestofn import InvalidInput

BEST_OF_N = "best-of-n"
"""The kind of chat model that is made here; its ``n`` is no number of generations."""

NOSTREAM = "nostream"
"""LangGraph's tag for model calls whose tokens are nobody's answer."""

THREADS = 64
"""How many models are asked side by side where each takes a thread."""


SETTINGS: Mapping[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "repetition_penalty": ("repetition_penalty", "repeat_penalty"),
    "max_tokens": ("max_tokens", "max_output_tokens", "max_new_tokens", "num_predict"),
    "seed": ("seed",),
}
"""What LangChain's models call the settings of :class:`bestofn.Sampling`."""

_FORMING = frozenset(
    (
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "strict",
        "stop",
        "response_format",
        "ls_structured_output_format",
    )
)
"""Arguments that prescribe what an answer looks like."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one request to a model brought.

    Attributes:
        messages: At least one; several where the model draws several itself (``ChatOpenAI(n=4)``).
        usage: Of the whole request, counted once; None when the model does not say.
    """

    messages: tuple[AIMessage, ...]
    usage: UsageMetadata | None


@dataclass(frozen=True)
class Model:
    """A chat model with the arguments that are bound to it.

    Attributes:
        chat: The model; neither caching nor streaming, since a cache would make all samples one,
            and tokens of samples would pass for those of the answer.
        bound: Passed to every call.
        config: Tags, metadata and callbacks of every call (``with_config``).
        limiter: When there is one, the model is asked from threads: clients keep connections
            of the event loop that opened them, and some models have no async form.
    """

    chat: BaseChatModel
    bound: Mapping[str, Any] = field(default_factory=dict)
    config: RunnableConfig = field(default_factory=RunnableConfig)
    limiter: anyio.CapacityLimiter | None = None

    @classmethod
    def of(cls, model: object, argument: str = "model") -> Model:
        """What a user handed in.

        Raises:
            InvalidInput: it is not a chat model.
        """
        bound: dict[str, Any] = {}
        config = RunnableConfig()
        while isinstance(model, RunnableBinding):
            bound = {**model.kwargs, **bound}
            config = _merged(model.config, config)
            model = model.bound
        bound.pop("stream", None)
        if not isinstance(model, BaseChatModel):
            hint = (
                "; put fallbacks, retries and routers around the result instead"
                if isinstance(model, Runnable)
                else ""
            )
            raise InvalidInput(
                argument, f"must be a LangChain chat model, got {type(model).__name__}{hint}"
            )
        plain = changed(model, cache=False, disable_streaming=True)
        if "streaming" in type(model).model_fields:  # sent to the server as it stands there
            plain = changed(plain, streaming=False)
        return cls(plain, bound, config)

    @property
    def name(self) -> str:
        """Provider and model: ``openai/gpt-5-mini``, as list prices know it."""
        about = self.chat._get_ls_params(**self.bound)
        provider = about.get("ls_provider") or "langchain"
        return f"{provider}/{about.get('ls_model_name') or type(self.chat).__name__}"

    @property
    def identity(self) -> str:
        """What its answers depend on besides the request, as a digest that reveals no key."""
        chat = self.chat
        server = [str(getattr(chat, name, "")) for name in ("openai_api_base", "base_url")]
        kind = f"{type(chat).__module__}.{type(chat).__qualname__}"
        about = chat._get_ls_params(**self.bound)  # all that some models say of themselves
        settings = jsonable([kind, server, about, chat._identifying_params, self.bound])
        text = json.dumps(settings, sort_keys=True)
        return f"langchain {self.name} {hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def draws(self) -> int:
        """How many generations a request brings, where the model draws several itself."""
        if self.chat._llm_type == BEST_OF_N:
            return 1
        n = self.bound.get("n", getattr(self.chat, "n", None))
        return n if isinstance(n, int) and not isinstance(n, bool) and n > 1 else 1

    def set(self, settings: Mapping[str, Any]) -> tuple[Model, tuple[str, ...]]:
        """The same with other settings, and those for which the model has no field.

        Fields are set on a copy: not every model takes such settings with a call.
        """
        known = type(self.chat).model_fields
        fields: dict[str, Any] = {}
        unknown = []
        for setting, value in settings.items():
            field = next((name for name in SETTINGS[setting] if name in known), None)
            if field is None:
                unknown.append(setting)
            else:
                fields[field] = value
        if not fields:
            return self, tuple(unknown)
        bound = {name: value for name, value in self.bound.items() if name not in fields}
        return replace(self, chat=changed(self.chat, **fields), bound=bound), tuple(unknown)

    def threaded(self, most: int = THREADS) -> Model:
        """The same, asked from up to so many threads; to be made anew in each event loop."""
        return replace(self, limiter=anyio.CapacityLimiter(most))

    def drawing(self, count: int) -> Model:
        """The same with so many generations to a request, where it draws several."""
        if self.draws == 1:
            return self
        if "n" in self.bound:
            return replace(self, bound={**self.bound, "n": count})
        return replace(self, chat=changed(self.chat, n=count))

    def seeded(self, offset: int) -> Model:
        """The same with another seed, where one is fixed: it would make all samples one."""
        seed = self.bound.get("seed", getattr(self.chat, "seed", None))
        if not offset or isinstance(seed, bool) or not isinstance(seed, int):
            return self
        if "seed" in self.bound:
            return replace(self, bound={**self.bound, "seed": seed + offset})
        return replace(self, chat=changed(self.chat, seed=seed + offset))

    async def ask(
        self,
        messages: Sequence[BaseMessage],
        *,
        stop: list[str] | None = None,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Answer:
        """Make one request.

        Args:
            messages: The conversation.
            stop: Texts that end the reply.
            config: Callbacks, tags, metadata and name of the run.
            **kwargs: For the model, beside what is bound to it.

        Raises:
            Exception: whatever the model raises.
        """
        config = _merged(self.config, config or {})
        arguments: dict[str, Any] = {
            **self.bound,
            **kwargs,
            "stop": stop or self.bound.get("stop"),
            "callbacks": config.get("callbacks"),
            "tags": config.get("tags"),
            "metadata": config.get("metadata"),
            "run_name": config.get("run_name"),
        }
        prompt: list[PromptValue] = [ChatPromptValue(messages=list(messages))]
        if self.limiter is None:
            result = await self.chat.agenerate_prompt(prompt, **arguments)
        else:
            # Who gives up waiting leaves the thread behind: a blocking client cannot be cancelled.
            result = await to_thread.run_sync(
                lambda: self.chat.generate_prompt(prompt, **arguments),
                limiter=self.limiter,
                abandon_on_cancel=True,
            )
        return _answer(result)


def _answer(result: LLMResult) -> Answer:
    messages = [
        message_chunk_to_message(generation.message)
        for generation in result.generations[0]
        if isinstance(generation, ChatGeneration)
    ]
    spoken = tuple(message for message in messages if isinstance(message, AIMessage))
    if not spoken:
        raise ValueError("the model's result holds no message of an assistant")
    usages = [message.usage_metadata for message in spoken if message.usage_metadata]
    if not usages:
        return Answer(messages=spoken, usage=None)
    # Several generations of one request bear the whole request's usage each (ChatOpenAI does so).
    alike = all(usage == usages[0] for usage in usages)
    total: UsageMetadata | None = None
    for usage in usages[:1] if alike else usages:
        total = add_usage(total, usage)
    return Answer(messages=spoken, usage=total)


def _merged(first: RunnableConfig, second: RunnableConfig) -> RunnableConfig:
    """Both, the second's name; unlike LangChain's own merging, nothing of the run around it."""
    theirs, callbacks = first.get("callbacks"), second.get("callbacks")
    handlers = theirs.handlers if isinstance(theirs, BaseCallbackManager) else theirs or []
    if isinstance(callbacks, BaseCallbackManager):
        callbacks = callbacks.copy()
        for handler in handlers:
            callbacks.add_handler(handler)
    else:
        callbacks = [*handlers, *(callbacks or [])]
    merged: RunnableConfig = {**first, **second}
    merged["callbacks"] = callbacks or None
    merged["tags"] = [*(first.get("tags") or []), *(second.get("tags") or [])]
    merged["metadata"] = {**(first.get("metadata") or {}), **(second.get("metadata") or {})}
    return merged


def changed(chat: BaseChatModel, **settings: Any) -> BaseChatModel:
    """A copy with other settings; clients and connections are shared with the original."""
    copy = chat.model_copy(update=settings)
    copy.__dict__.pop("_serialized", None)  # remembered before the change
    return copy


def talking(model: Any) -> Any:
    """A chat model without arguments that prescribe what its answers look like.

    One with tools bound to it would call them where a verdict is wanted.
    """
    if not isinstance(model, RunnableBinding):
        return model
    kept = {name: value for name, value in model.kwargs.items() if name not in _FORMING}
    return RunnableBinding(bound=talking(model.bound), kwargs=kept, config=model.config)


def jsonable(value: object) -> Any:
    """A JSON form of anything: schemas of classes, and words for what has no form."""
    return to_jsonable_python(value, fallback=_described, inf_nan_mode="strings")


def _described(value: object) -> Any:
    schema = getattr(value, "model_json_schema", None)
    if isinstance(value, type) and callable(schema):
        return schema()
    return repr(value)
