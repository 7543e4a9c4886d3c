"""Models that vLLM serves at a URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..errors import InvalidInput
from .openai import OpenAIBackend
from .retry import DEFAULT_POLICY, RetryPolicy


def one_of(options: Sequence[str]) -> dict[str, Any]:
    """What makes vLLM answer with one of ``options`` and nothing else.

    For ``Sampling.extra``: ``Sampling(extra=one_of(["yes", "no"]))``. The older field
    ``guided_choice`` is ignored by servers of today without a word.

    Raises:
        InvalidInput: there are no options.
    """
    if not options:
        raise InvalidInput("options", "must name at least one answer")
    return {"structured_outputs": {"choice": list(options)}}


class VLLMBackend(OpenAIBackend):
    """A model that a vLLM server holds, or a LoRA adapter that it has loaded for it.

    vLLM takes every setting of :class:`~bestofn.chat.Sampling`, draws ``n`` replies at the price
    of one prompt, and is asked for an adapter as if that were a model.

    Args:
        model: The base model, as the server names it.
        base_url: The server.
        lora: Name of an adapter that the server was started with (``--lora-modules NAME=PATH``).
        api_key: Only if the server was started with one; else from ``VLLM_API_KEY``. The key of
            the public API is not sent.
        max_concurrency: Most requests of a session under way at once; the server queues what it
            cannot compute yet.
        stall_seconds: Longest time without a byte; includes the time in the server's queue.
        longest_seconds: Longest time for one attempt.
        retry: What is repeated, and how often.
        headers: Sent with every request; treated as secret.

    Raises:
        InvalidInput: naming the argument.
    """

    kind: ClassVar[str] = "vllm"
    key_variable: ClassVar[str] = "VLLM_API_KEY"

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "http://localhost:8000/v1",
        lora: str | None = None,
        api_key: str | None = None,
        max_concurrency: int = 256,
        stall_seconds: float = 900.0,
        longest_seconds: float = 3600.0,
        retry: RetryPolicy = DEFAULT_POLICY,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            model,
            base_url=base_url,
            api_key=api_key,
            max_concurrency=max_concurrency,
            stall_seconds=stall_seconds,
            longest_seconds=longest_seconds,
            retry=retry,
            headers=headers,
        )
        if lora is not None and not lora:
            raise InvalidInput("lora", "must be the name of an adapter, or None")
        self._lora = lora

    @property
    def name(self) -> str:
        """``vllm/<model>``, with ``+<adapter>`` if there is one."""
        return super().name if self._lora is None else f"{super().name}+{self._lora}"

    @property
    def identity(self) -> str:
        """Where the answers come from: URL, model and adapter."""
        lora = "" if self._lora is None else f" lora={self._lora}"
        return f"{self._base_url} {self._model}{lora}"

    @property
    def _served_model(self) -> str:
        return self._lora or self._model
