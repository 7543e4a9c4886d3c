"""Model calls as OpenTelemetry spans, after the semantic conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..chat import ChatRequest, Reply, total
from ..errors import InvalidInput
from .types import CallFailed, CallFinished, CallStarted, Event

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

_SETTINGS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
}
_FAULTS = ("context_overflow", "malformed", "stalled", "unavailable")


class OpenTelemetryListener:
    """A listener that makes one span of each request (extra ``bestofn[otel]``).

    Replies from a journal make none: nothing was asked. The spans are children of the span that
    is current where the call is made.

    Args:
        tracer_provider: Of the OpenTelemetry SDK; the global one unless given.
        content: Whether spans carry the messages themselves. Off by default, as the conventions
            recommend: prompts may be large and confidential.

    Raises:
        InvalidInput: the package is not installed.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, *, content: bool = False
    ) -> None:
        try:
            from opentelemetry import trace
        except ImportError as error:
            raise InvalidInput(
                "on_event", "OpenTelemetry is not installed: pip install 'bestofn[otel]'"
            ) from error
        self._tracer = trace.get_tracer("bestofn", tracer_provider=tracer_provider)
        self._client = trace.SpanKind.CLIENT
        self._error = trace.Status(trace.StatusCode.ERROR)
        self._content = content
        self._spans: dict[int, Span] = {}

    def __call__(self, event: Event) -> None:
        """Start or end a span."""
        if isinstance(event, CallStarted):
            self._start(event)
        elif isinstance(event, CallFinished | CallFailed):
            span = self._spans.pop(event.call, None)
            if span is None:
                return
            if isinstance(event, CallFailed):
                span.set_attribute("error.type", event.error_type)
                span.set_status(self._error)
            else:
                self._finish(span, event.replies)
            span.end()

    def _start(self, event: CallStarted) -> None:
        provider, _, model = event.backend.partition("/")
        model = model or event.backend
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "bestofn.purpose": event.purpose,
        }
        sampling = event.request.sampling
        for setting, name in _SETTINGS.items():
            if (value := getattr(sampling, setting)) is not None:
                attributes[name] = value
        if sampling.stop:
            attributes["gen_ai.request.stop_sequences"] = sampling.stop
        if event.n > 1:
            attributes["gen_ai.request.choice.count"] = event.n
        if self._content:
            attributes["gen_ai.input.messages"] = json.dumps(_asked(event.request))
        self._spans[event.call] = self._tracer.start_span(
            f"chat {model}", kind=self._client, attributes=attributes
        )

    def _finish(self, span: Span, replies: tuple[Reply, ...]) -> None:
        usage = total(replies)
        span.set_attributes(
            {
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "gen_ai.response.finish_reasons": [_reason(reply) for reply in replies],
            }
        )
        if model := next((reply.model for reply in replies if reply.model), ""):
            span.set_attribute("gen_ai.response.model", model)
        if self._content:
            span.set_attribute("gen_ai.output.messages", json.dumps([_said(r) for r in replies]))
        faults = [reply for reply in replies if reply.status in _FAULTS]
        if faults and len(faults) == len(replies):
            span.set_attribute("error.type", faults[0].status)
            span.set_status(self._error)


def _reason(reply: Reply) -> str:
    return reply.finish_reason or ("error" if reply.status in _FAULTS else reply.status)


def _asked(request: ChatRequest) -> list[dict[str, Any]]:
    return [{"role": m.role, "parts": [_part(m.content)]} for m in request.messages]


def _said(reply: Reply) -> dict[str, Any]:
    parts = [_part(reply.reasoning, "reasoning")] if reply.reasoning else []
    return {
        "role": "assistant",
        "parts": [*parts, _part(reply.text)],
        "finish_reason": _reason(reply),
    }


def _part(text: str, kind: str = "text") -> dict[str, str]:
    return {"type": kind, "content": text}
