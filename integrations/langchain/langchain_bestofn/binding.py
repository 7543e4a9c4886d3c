"""What a provider binds to its own model, bound to the model that stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)

from bestofn import InvalidInput


def named_model(name: str, settings: Mapping[str, Any]) -> BaseChatModel:
    """The chat model of that name.

    Raises:
        InvalidInput: ``langchain`` is not installed, or the name stands for no one model.
    """
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise InvalidInput(
            "model", "a model's name needs langchain: pip install 'langchain-bestofn[agents]'"
        ) from error
    model = init_chat_model(name, **settings)
    if not isinstance(model, BaseChatModel):
        raise InvalidInput("model", "must be one model: leave configurable_fields out")
    return model


def rebound(outer: BaseChatModel, inner: BaseChatModel, bound: object) -> Runnable[Any, Any]:
    """``bound``, made of the inner model, with the outer one in its place.

    Raises:
        NotImplementedError: it is not the inner model with arguments.
    """
    arguments: dict[str, Any] = {}
    while isinstance(bound, RunnableBinding):
        arguments = {**bound.kwargs, **arguments}
        bound = bound.bound
    if bound is not inner:
        raise NotImplementedError(
            f"{type(inner).__name__} binds this in a way that cannot be carried over: bind it to "
            f"the model before {type(outer).__name__} is made of it"
        )
    return outer.bind(**arguments)


def structured(
    outer: BaseChatModel,
    inner: BaseChatModel,
    schema: dict[str, Any] | type,
    *,
    include_raw: bool,
    **kwargs: Any,
) -> Runnable[Any, Any]:
    """The inner model's structured output with the outer model in its place.

    Raises:
        NotImplementedError: it is not the inner model with arguments, followed by a parser.
    """
    chain = inner.with_structured_output(schema, **kwargs)
    if not isinstance(chain, RunnableSequence):
        raise NotImplementedError(
            f"{type(inner).__name__} gives structured output in a way that cannot be carried over"
        )
    model = rebound(outer, inner, chain.first)
    first, *rest = chain.steps[1:]
    parser: Runnable[Any, Any] = RunnableSequence(first, *rest) if rest else first
    if not include_raw:
        return model | parser
    read = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=RunnableLambda(_no_error)
    )
    unread = RunnablePassthrough.assign(parsed=RunnableLambda(_no_error))
    return RunnableParallel(raw=model) | read.with_fallbacks(
        [unread], exception_key="parsing_error"
    )


def _no_error(_: Any) -> None:
    return None
