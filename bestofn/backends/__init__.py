"""Who answers: OpenAI-compatible servers, vLLM, recordings, and whatever has their two seams."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidInput
from .base import Backend, Session
from .openai import OpenAIBackend
from .recordings import recording_line, request_key
from .replay import ReplayBackend
from .retry import RetryPolicy
from .vllm import VLLMBackend, one_of
from .vllm_engine import VLLMEngine

__all__ = [
    "Backend",
    "OpenAIBackend",
    "ReplayBackend",
    "RetryPolicy",
    "Session",
    "VLLMBackend",
    "VLLMEngine",
    "backend_named",
    "one_of",
    "recording_line",
    "request_key",
]


def backend_named(name: str, *, base_url: str | None = None, api_key: str | None = None) -> Backend:
    """The backend that a short name stands for.

    ``openai/<model>`` is the public API or, with ``base_url``, any server of its protocol;
    ``vllm/<model>`` is a vLLM server, by default on this machine; ``replay/<path>`` a journal or
    a recording.

    Raises:
        InvalidInput: no such backend, or an argument that it has no use for.
    """
    kind, _, rest = name.partition("/")
    makers: dict[str, Callable[[], Backend]] = {
        "openai": lambda: OpenAIBackend(rest, base_url=base_url, api_key=api_key),
        "vllm": lambda: (
            VLLMBackend(rest, api_key=api_key)
            if base_url is None
            else VLLMBackend(rest, base_url=base_url, api_key=api_key)
        ),
        "replay": lambda: ReplayBackend(rest),
    }
    if kind not in makers or not rest:
        raise InvalidInput(
            "backend", f"{name!r} is none; write openai/<model>, vllm/<model> or replay/<path>"
        )
    if kind == "replay" and (base_url is not None or api_key is not None):
        raise InvalidInput("base_url", "a recording is a file: it takes no base_url and no key")
    return makers[kind]()
