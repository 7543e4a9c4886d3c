"""The answer that goes to the client: as one JSON object, or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bestofn import Reply, Selection, Usage

from .choosing import Choice
from .kinds import Kind, encodable
from .names import Plan
from .sampling import error_of

COMMENT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"

PIECE = 512
"""Characters of the answer in one chunk of a stream."""

_WORDS = 300


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that is known when a request has been worked on.

    Attributes:
        request_id: The gateway's.
        plan: What was asked.
        replies: Of all samples that were asked for, by number, failed ones included.
        choice: The order of those that can be used.
        usage: Of sampling and judging together.
        judging: The judge's part of it.
        stopped_by: The limit that was reached, or None.
        priced: Whether the prices of all models were known.
    """

    request_id: str
    plan: Plan
    replies: Mapping[int, Reply]
    choice: Choice
    usage: Usage
    judging: Usage
    stopped_by: str | None
    priced: bool

    @property
    def chosen(self) -> Sequence[Reply]:
        """What the client gets, best first."""
        return [self.replies[number] for number in self.choice.order[: self.plan.choices]]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Samples that cannot be used, with reasons."""
        usable = set(self.choice.order)
        missing = {"status": None, "code": None, "reason": self._why_missing}
        found = []
        for number in range(self.plan.samples):
            if number in usable:
                continue
            reply = self.replies.get(number)
            if reply is None:
                found.append({"sample": number, **missing})
                continue
            error = error_of(reply)
            reason = error.message[:_WORDS]
            found.append(
                {"sample": number, "status": error.status, "code": error.code, "reason": reason}
            )
        return found

    @property
    def _why_missing(self) -> str:
        limit = self.stopped_by or "seconds"
        return f"was not drawn in full: the limit on {limit} was reached"


def completion(outcome: Outcome) -> dict[str, Any]:
    """The body of an answer: the best choices in the best one's own envelope."""
    chosen = outcome.chosen
    choices = [{**reply.extra["choice"], "index": index} for index, reply in enumerate(chosen)]
    return {
        **chosen[0].extra["around"],
        "choices": choices,
        "usage": usage_of(outcome.usage),
        "bestofn": detail(outcome),
    }


def usage_of(usage: Usage) -> dict[str, int]:
    """Usage in OpenAI's words."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def detail(outcome: Outcome) -> dict[str, Any]:
    """The field ``bestofn`` of an answer; fields are added over time, never renamed."""
    selection, choice = outcome.choice.selection, outcome.choice
    sampling = Usage(
        calls=outcome.usage.calls - outcome.judging.calls,
        input_tokens=outcome.usage.input_tokens - outcome.judging.input_tokens,
        output_tokens=outcome.usage.output_tokens - outcome.judging.output_tokens,
        dollars=outcome.usage.dollars - outcome.judging.dollars,
    )
    return {
        "request_id": outcome.request_id,
        "asked": outcome.plan.samples,
        "got": len(choice.order),
        "chosen": list(choice.order[: outcome.plan.choices]),
        "ranking": list(choice.order),
        "judge": selection.judge if selection else None,
        "abstained": choice.abstained,
        "stopped_by": outcome.stopped_by,
        "votes": _votes(selection),
        "comparisons": _comparisons(selection),
        "dropped": _dropped(selection),
        "failed": outcome.failed,
        "judge_calls": outcome.judging.calls,
        "usage": {
            "samples": _spent(sampling, priced=outcome.priced),
            "judge": _spent(outcome.judging, priced=outcome.priced),
        },
        "dollars": _dollars(outcome.usage, priced=outcome.priced),
    }


def headers(outcome: Outcome) -> dict[str, str]:
    """The same in short, for those who see headers only."""
    choice = outcome.choice
    found = {
        "x-bestofn-request-id": outcome.request_id,
        "x-bestofn-asked": str(outcome.plan.samples),
        "x-bestofn-got": str(len(choice.order)),
        "x-bestofn-chosen": ",".join(map(str, choice.order[: outcome.plan.choices])),
        "x-bestofn-judge": choice.selection.judge if choice.selection else "none",
        "x-bestofn-judge-calls": str(outcome.judging.calls),
        "x-bestofn-abstained": "0" if choice.abstained is None else "1",
        "x-bestofn-tokens": str(outcome.usage.input_tokens + outcome.usage.output_tokens),
    }
    if outcome.priced:
        found["x-bestofn-dollars"] = f"{outcome.usage.dollars:.6f}"
    if outcome.stopped_by is not None:
        found["x-bestofn-stopped-by"] = outcome.stopped_by
    return found


def stream(outcome: Outcome, kind: Kind) -> Iterator[bytes]:
    """The answer as server-sent events, ``[DONE]`` included."""
    chosen = outcome.chosen
    around = {**chosen[0].extra["around"], "object": kind.chunk}
    empty = {"usage": None} if outcome.plan.include_usage else {}
    for index, reply in enumerate(chosen):
        choice = reply.extra["choice"]
        last = index == len(chosen) - 1
        for piece in _pieces(choice, kind):
            yield event({**around, "choices": [{"index": index, **piece}], **empty})
        end = _end(choice, kind, index)
        extra = {"bestofn": detail(outcome)} if last else {}
        yield event({**around, "choices": [end], **empty, **extra})
    if outcome.plan.include_usage:
        yield event({**around, "choices": [], "usage": usage_of(outcome.usage)})
    yield DONE


def event(data: Mapping[str, Any]) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _pieces(choice: Mapping[str, Any], kind: Kind) -> Iterator[dict[str, Any]]:
    """The parts of a choice in a stream, all but the reason for its end."""
    rest = {"logprobs": choice.get("logprobs"), "finish_reason": None}
    whole = choice.get("logprobs") is not None  # probabilities stand with the text they are of
    if kind.route == "completions":
        for number, part in enumerate(_cut(choice.get("text", ""), whole=whole)):
            yield {"text": part, **(rest if not number else {**rest, "logprobs": None})}
        return
    message = choice["message"]
    for number, delta in enumerate(_deltas(message, whole=whole)):
        first_words = whole and number == 1
        yield {"delta": delta, **rest, "logprobs": rest["logprobs"] if first_words else None}


def _deltas(message: Mapping[str, Any], *, whole: bool) -> Iterator[dict[str, Any]]:
    """A message in parts: who speaks, thoughts, words, calls, and whatever else it holds."""
    content = message.get("content")
    yield {"role": message.get("role", "assistant"), "content": "" if content else None}
    if whole or not isinstance(content, str):
        if content or whole:
            yield {"content": content}
        content = None
    for name in ("reasoning_content", "reasoning"):
        thoughts = message.get(name)
        if isinstance(thoughts, str):
            yield from ({name: part} for part in _cut(thoughts))
        elif thoughts is not None:
            yield {name: thoughts}
    if content:
        yield from ({"content": part} for part in _cut(content))
    for index, call in enumerate(message.get("tool_calls") or ()):
        yield {"tool_calls": [{**call, "index": index}]}
    told = {"role", "content", "reasoning_content", "reasoning", "tool_calls"}
    rest = {
        name: value for name, value in message.items() if name not in told and value is not None
    }
    if rest:
        yield rest


def _end(choice: Mapping[str, Any], kind: Kind, index: int) -> dict[str, Any]:
    told = {"index", "message", "text", "logprobs", "finish_reason"}
    rest = {name: value for name, value in choice.items() if name not in told}
    body: dict[str, Any] = {"text": ""} if kind.route == "completions" else {"delta": {}}
    reason = choice.get("finish_reason")
    return {"index": index, **body, "logprobs": None, "finish_reason": reason, **rest}


def _cut(text: str, *, whole: bool = False) -> list[str]:
    if whole:
        return [text]
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _votes(selection: Selection | None) -> dict[str, float]:
    return dict(selection.ranking.scores) if selection else {}


def _comparisons(selection: Selection | None) -> list[dict[str, Any]]:
    if selection is None:
        return []
    return [
        {
            "shown": [int(id) for id in one.shown],
            "winner": None if one.winner is None else int(one.winner),
            "error": encodable(one.error) or None,
        }
        for one in selection.ranking.comparisons
    ]


def _dropped(selection: Selection | None) -> list[dict[str, Any]]:
    if selection is None:
        return []
    return [
        {
            "sample": int(one.id),
            "by": one.by,
            "same_as": None if one.same_as is None else int(one.same_as),
        }
        for one in selection.rejected
    ]


def _spent(usage: Usage, *, priced: bool) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        **usage_of(usage),
        "dollars": _dollars(usage, priced=priced),
    }


def _dollars(usage: Usage, *, priced: bool) -> float | None:
    return round(usage.dollars, 9) if priced else None
