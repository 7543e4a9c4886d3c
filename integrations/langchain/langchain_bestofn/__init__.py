"""Best of N for LangChain.

>>> from langchain_bestofn import BestOfNChatModel
>>> model = BestOfNChatModel(model="openai:gpt-5-mini", n=8)  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from .backend import LangChainBackend
from .chat_model import BestOfNChatModel
from .selector import Selector

__all__ = ["BestOfNChatModel", "BestOfNMiddleware", "LangChainBackend", "Selector"]

if TYPE_CHECKING:
    from .middleware import BestOfNMiddleware


def __getattr__(name: str) -> Any:
    if name == "BestOfNMiddleware":  # needs langchain, which the rest does without
        from .middleware import BestOfNMiddleware

        return BestOfNMiddleware
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
