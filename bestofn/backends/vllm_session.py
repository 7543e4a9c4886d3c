"""A model that vLLM runs in this process, loaded and ready to answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from importlib import import_module
from typing import Any

from ..chat import ChatRequest, Reply, ReplyStatus
from ..errors import BackendError, InvalidInput, RequestRejected
from ..types import Usage
from .refusals import Refusal, brief
from .retry import Fault
from .wire import messages_of, read_choices, settings_of


class VLLMParts:
    """What is used of vLLM, imported when it is needed."""

    def __init__(self) -> None:
        sampling = import_module("vllm.sampling_params")
        self.engine: Any = import_module("vllm.v1.engine.async_llm").AsyncLLM
        self.engine_args: Any = import_module("vllm.engine.arg_utils").AsyncEngineArgs
        self.lora_request: Any = import_module("vllm.lora.request").LoRARequest
        self.dead: Any = import_module("vllm.v1.engine.exceptions").EngineDeadError
        self.sampling_params: Any = sampling.SamplingParams
        self.output_kind: Any = sampling.RequestOutputKind
        self.structured_outputs: Any = sampling.StructuredOutputsParams

    @classmethod
    def load(cls) -> VLLMParts:
        """Import vLLM.

        Raises:
            BackendError: it is missing, or of a version without these parts.
        """
        try:
            return cls()
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != "vllm":
                raise BackendError(f"vLLM cannot be imported: {error}") from error
            raise BackendError(
                "the vLLM engine needs vLLM 0.11 or later: pip install 'bestofn[vllm]'; "
                "for a server that runs elsewhere use VLLMBackend"
            ) from error
        except (ImportError, AttributeError) as error:
            raise BackendError(f"this version of vLLM is not supported: {error}") from error


class EngineSession:
    """The loaded engine. Made by a :class:`~bestofn.backends.VLLMEngine`.

    Args:
        name: Of the backend.
        vllm: The package.
        engine: An ``AsyncLLM``.
        lora: A ``LoRARequest``, or None.
    """

    def __init__(self, name: str, vllm: VLLMParts, engine: Any, lora: Any) -> None:
        self._name = name
        self._vllm = vllm
        self._engine = engine
        self._lora = lora
        self._tokenizer: Any = engine.get_tokenizer()

    def close(self) -> None:
        """End the engine and let its memory go."""
        engine, self._engine, self._tokenizer = self._engine, None, None
        engine.shutdown()

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Draw ``n`` replies; ending the task ends the engine's work on them.

        Raises:
            RequestRejected: a setting that the engine refuses.
            BackendError: the engine has died, or the session is closed.
        """
        if n < 1:
            raise InvalidInput("n", "must be at least 1")
        if self._engine is None:
            raise BackendError(f"the session of {self._name} is closed; open a new one")
        if hasattr(self._tokenizer, "__await__"):  # older versions hand it out asynchronously
            self._tokenizer = await self._tokenizer
        started = time.monotonic()
        settings = settings_of(request, sample=request.sample, limit_name="max_tokens")
        template = settings.pop("chat_template_kwargs", {})
        prompt = self._tokenizer.apply_chat_template(
            messages_of(request),
            tokenize=True,
            add_generation_prompt=True,
            return_dict=False,
            **template,
        )
        room = self._engine.model_config.max_model_len - len(prompt)
        if room < 1:
            error = f"the prompt of {len(prompt)} tokens leaves no room for a reply"
            return _failed(n, "context_overflow", error, started)
        settings["max_tokens"] = min(settings.get("max_tokens", room), room)
        drawn = 1 if _greedy(request) else n  # several greedy replies would be one and the same
        parameters, ignored = self._parameters(settings, drawn)
        try:
            output = await self._final_output(list(prompt), parameters)
        except self._vllm.dead as error:
            raise BackendError(f"the engine of {self._name} has died: {error}") from error
        except Exception as error:
            return self._failure(error, n, started)
        replies = _replies(output, self._name, ignored, started)
        return replies + [replace(replies[0], usage=Usage(calls=1))] * (n - drawn)

    async def _final_output(self, prompt: list[int], parameters: Any) -> Any:
        outputs = self._engine.generate(
            {"prompt_token_ids": prompt}, parameters, uuid.uuid4().hex, lora_request=self._lora
        )
        final = None
        async with aclosing(outputs):
            async for output in outputs:
                final = output
        if final is None:
            raise RuntimeError("the engine ended without an answer")
        return final

    def _parameters(self, settings: dict[str, Any], n: int) -> tuple[Any, tuple[str, ...]]:
        """vLLM's form of the settings, and those that it does not know."""
        if settings.pop("logprobs", False):
            settings["logprobs"] = int(settings.pop("top_logprobs", 0))
        settings.pop("top_logprobs", None)
        constraint = settings.pop("structured_outputs", None)
        known = self._vllm.sampling_params.__struct_fields__
        ignored = tuple(sorted(name for name in settings if name not in known))
        for name in ignored:
            del settings[name]
        try:
            if constraint is not None:
                settings["structured_outputs"] = self._vllm.structured_outputs(**constraint)
            parameters = self._vllm.sampling_params(
                **settings, n=n, output_kind=self._vllm.output_kind.FINAL_ONLY
            )
        except Exception as error:  # which type it is depends on the version
            raise RequestRejected(f"vLLM refuses the settings: {brief(str(error))}") from error
        return parameters, ignored

    def _failure(self, error: Exception, n: int, started: float) -> list[Reply]:
        words = brief(str(error)) or type(error).__name__
        if Refusal(message=str(error)).context_overflow:
            return _failed(n, "context_overflow", words, started)
        if isinstance(error, ValueError) or type(error).__name__ == "VLLMValidationError":
            raise RequestRejected(f"vLLM refuses the request: {words}") from error
        return _failed(n, "unavailable", words, started)


def _replies(output: Any, name: str, ignored: Iterable[str], started: float) -> list[Reply]:
    """The engine's output, read as a server's answer would be."""
    outputs = sorted(output.outputs, key=lambda one: int(one.index))
    choices = [
        {
            "message": {"content": one.text},
            "finish_reason": one.finish_reason,
            "logprobs": _logprobs(one),
        }
        for one in outputs
    ]
    replies = read_choices({"choices": choices, "model": name}, tuple(ignored))
    if isinstance(replies, Fault):  # no outputs at all
        raise BackendError(f"the engine of {name} answered nothing")
    seconds = time.monotonic() - started
    asked = len(output.prompt_token_ids or ())
    return [
        replace(
            reply,
            seconds=seconds,
            usage=Usage(
                calls=1,
                input_tokens=0 if position else asked,
                output_tokens=len(outputs[position].token_ids),
            ),
        )
        for position, reply in enumerate(replies)
    ]


def _greedy(request: ChatRequest) -> bool:
    """Whether the engine will take the likeliest token, and therefore refuse to draw several."""
    temperature = request.sampling.temperature
    return temperature is not None and temperature < 1e-5


def _logprobs(output: Any) -> dict[str, Any] | None:
    """In the form of the chat protocol."""
    if not output.logprobs:
        return None
    content = []
    for token, ranked in zip(output.token_ids, output.logprobs, strict=False):
        tokens = {
            number: {"token": one.decoded_token or "", "logprob": float(one.logprob)}
            for number, one in ranked.items()
        }
        content.append({**tokens[token], "top_logprobs": list(tokens.values())})
    return {"content": content}


def _failed(n: int, status: ReplyStatus, error: str, started: float) -> list[Reply]:
    seconds = time.monotonic() - started
    return [Reply(text="", status=status, error=error, usage=Usage(calls=1), seconds=seconds)] * n
