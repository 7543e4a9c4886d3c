from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.chat import ChatRequest, Message, Reply, Sampling
from bestofn.errors import InvalidInput
from bestofn.events import (
    BudgetSpent,
    CallFailed,
    CallFinished,
    CallStarted,
    ComparisonMade,
    Event,
    Noted,
    OpenTelemetryListener,
    Trace,
    all_of,
)
from bestofn.types import Comparison, Usage

REQUEST = ChatRequest(
    messages=(
        Message(role="system", content="You judge."),
        Message(role="user", content="Which \ud800?"),
    ),
    sampling=Sampling(max_tokens=99, seed=5, stop=("END",)),
)
ABOUT: dict[str, Any] = {
    "call": 1,
    "backend": "openai/m/x",
    "purpose": "judge",
    "label": {"problem": "p"},
    "request": REQUEST,
}
GOOD = Reply(
    text="A is better",
    reasoning="thinking",
    finish_reason="stop",
    model="m-2026",
    usage=Usage(calls=1, input_tokens=7, output_tokens=3),
)


def lines(path: Path) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = path.read_bytes().decode("ascii")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def test_a_trace_holds_prompts_replies_and_verdicts(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    trace = Trace(path)
    comparison = Comparison(shown=("a", "b"), winner="b", reasoning="so")
    events: list[Event] = [
        CallStarted(**ABOUT),
        CallFinished(**ABOUT, replies=(GOOD,)),
        CallFailed(**ABOUT, error="wrong key", error_type="RequestRejected"),
        BudgetSpent(limit="calls", usage=Usage(calls=3)),
        Noted(kind="odd", body={"inf": float("inf"), "set": {1}, "key": {2: object}}),
        ComparisonMade(problem="p", judge="daj", comparison=comparison),
    ]
    for number, event in enumerate(events, 1):
        trace(event)
        assert len(lines(path)) == number, "a line is there before the next thing happens"
    trace.close()
    trace.close()
    started, finished, failed, spent, noted, compared = lines(path)
    assert [started["event"], finished["event"], failed["event"]] == [
        "call_started",
        "call_finished",
        "call_failed",
    ]
    assert started["request"] == {"sample": 0}
    assert finished["request"]["messages"][1] == {"role": "user", "content": "Which \ud800?"}
    assert finished["replies"][0]["text"] == "A is better"
    assert finished["replies"][0]["usage"]["input_tokens"] == 7
    assert finished["label"] == {"problem": "p"}
    assert failed["error"] == "wrong key"
    assert spent["limit"] == "calls"
    assert noted["body"]["inf"] is None
    assert noted["body"]["set"] == [1]
    assert compared["comparison"]["winner"] == "b"


@given(text=st.text(st.characters(categories=None)), number=st.floats())
def test_any_text_and_number_makes_one_valid_line(
    tmp_path_factory: pytest.TempPathFactory, text: str, number: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.unlink(missing_ok=True)
    trace = Trace(path)
    trace(CallFinished(**ABOUT, replies=(Reply(text=text, extra={text: number}),)))
    trace.close()
    (line,) = lines(path)
    (reply,) = line["replies"]
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert reply["text"] == joined, "JSON knows no pair of halves that is not the whole"


def test_what_has_no_end_is_cut() -> None:
    from bestofn.events.trace import _encode

    circle: dict[str, Any] = {"nan": float("nan")}
    circle["self"] = circle
    assert json.loads(_encode(circle))["nan"] is None


def test_runs_append_and_a_broken_line_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"event": "noted"}\n{"event": "cu')
    trace = Trace(path)
    trace(BudgetSpent(limit="calls", usage=Usage()))
    trace.close()
    first, broken, last = path.read_text().splitlines()
    assert (first, broken) == ('{"event": "noted"}', '{"event": "cu')
    assert json.loads(last)["event"] == "budget_spent"


def test_a_trace_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"trace: .*none.* No such file"):
        Trace(tmp_path / "none" / "trace.jsonl")
    if os.path.exists("/dev/full"):
        trace = Trace("/dev/full")
        with pytest.raises(InvalidInput, match="No space left"):
            trace(BudgetSpent(limit="calls", usage=Usage()))
        trace.close()


def test_several_listeners_hear_in_order() -> None:
    heard: list[str] = []
    both = all_of(lambda event: heard.append("first"), lambda event: heard.append("second"))
    both(BudgetSpent(limit="calls", usage=Usage()))
    assert heard == ["first", "second"]


def spans(*events: Event, content: bool = False) -> list[Any]:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    listen = OpenTelemetryListener(provider, content=content)
    with provider.get_tracer("test").start_as_current_span("outer"):
        for event in events:
            listen(event)
    provider.shutdown()
    return [span for span in exporter.get_finished_spans() if span.name != "outer"]


def test_a_call_is_a_span_after_the_conventions() -> None:
    from opentelemetry.trace import SpanKind, StatusCode

    (span,) = spans(CallStarted(**ABOUT, n=2), CallFinished(**ABOUT, replies=(GOOD, GOOD)))
    assert span.name == "chat m/x"
    assert span.kind is SpanKind.CLIENT
    assert span.parent is not None
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m/x",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.top_p": 0.8,
        "gen_ai.request.top_k": 20,
        "gen_ai.request.max_tokens": 99,
        "gen_ai.request.seed": 5,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.model": "m-2026",
        "gen_ai.response.finish_reasons": ("stop", "stop"),
        "gen_ai.usage.input_tokens": 14,
        "gen_ai.usage.output_tokens": 6,
        "bestofn.purpose": "judge",
    }


def test_the_attributes_are_those_of_the_conventions_package() -> None:
    names = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {value for name, value in vars(names).items() if name.startswith("GEN_AI_")}
    (span,) = spans(
        CallStarted(**ABOUT, n=2), CallFinished(**ABOUT, replies=(GOOD, GOOD)), content=True
    )
    used = {name for name in span.attributes if name.startswith("gen_ai.")}
    assert used <= known


def test_messages_only_when_asked_for() -> None:
    (span,) = spans(CallStarted(**ABOUT), CallFinished(**ABOUT, replies=(GOOD,)), content=True)
    assert json.loads(span.attributes["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "You judge."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Which \ud800?"}]},
    ]
    assert json.loads(span.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "thinking"},
                {"type": "text", "content": "A is better"},
            ],
            "finish_reason": "stop",
        }
    ]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (CallFailed(**ABOUT, error="no", error_type="RequestRejected"), "RequestRejected"),
        (CallFinished(**ABOUT, replies=(Reply(text="", status="stalled"),)), "stalled"),
    ],
)
def test_faults_are_errors(end: Event, kind: str) -> None:
    from opentelemetry.trace import StatusCode

    (span,) = spans(CallStarted(**ABOUT), end)
    assert span.attributes["error.type"] == kind
    assert span.status.status_code is StatusCode.ERROR


def test_recorded_replies_make_no_span() -> None:
    assert spans(CallFinished(**ABOUT, replies=(GOOD,)), Noted(kind="x", body={})) == []


def test_without_the_package_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from bestofn.errors import InvalidInput\n"
        "from bestofn.events import OpenTelemetryListener\n"
        "try:\n    OpenTelemetryListener()\nexcept InvalidInput as error:\n    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'bestofn[otel]'" in result.stdout, result.stderr
