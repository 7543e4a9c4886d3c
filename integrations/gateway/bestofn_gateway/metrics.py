"""What Prometheus gets to see. Labels never hold what a client wrote: there are few of each."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bestofn import Usage
from bestofn.events import CallFailed, CallFinished, Event

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 600.0)

_GOOD = ("ok", "length")


class Metrics:
    """The counters of one gateway, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "bestofn_gateway_requests",
            "Requests that ended.",
            ("route", "mode", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "bestofn_gateway_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("route", "mode"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "bestofn_gateway_requests_in_flight", "Requests under way.", registry=registry
        )
        self.samples = Counter(
            "bestofn_gateway_samples", "Samples by what came of them.", ("outcome",),
            registry=registry,
        )  # fmt: skip
        self.judge_calls = Counter(
            "bestofn_gateway_judge_calls", "Calls of judges.", registry=registry
        )
        self.undecided = Counter(
            "bestofn_gateway_undecided", "Choices that the judge abstained from.",
            registry=registry,
        )  # fmt: skip
        self.tokens = Counter(
            "bestofn_gateway_tokens", "Tokens.", ("purpose", "direction"), registry=registry
        )
        self.dollars = Counter(
            "bestofn_gateway_dollars", "Dollars, as far as prices are known.", ("purpose",),
            registry=registry,
        )  # fmt: skip
        self.upstream_errors = Counter(
            "bestofn_gateway_upstream_errors", "Faults of the upstream.", ("status",),
            registry=registry,
        )  # fmt: skip

    def heard(self, event: Event) -> None:
        """Listen to the calls of a request."""
        if isinstance(event, CallFailed) and event.purpose == "sample":
            self.samples.labels("cancelled").inc(event.n)
        if not isinstance(event, CallFinished):
            return
        purpose = "sample" if event.purpose == "sample" else "judge"
        for reply in event.replies:
            if purpose == "sample":
                self.samples.labels("ok" if reply.status in _GOOD else reply.status).inc()
            else:
                self.judge_calls.inc()
            self.spent(purpose, reply.usage)
        error = event.replies[0].extra.get("error") if event.replies else None
        if error is not None:
            self.upstream_errors.labels(str(error["status"])).inc()

    def spent(self, purpose: str, usage: Usage) -> None:
        """Count what calls cost."""
        self.tokens.labels(purpose, "input").inc(usage.input_tokens)
        self.tokens.labels(purpose, "output").inc(usage.output_tokens)
        self.dollars.labels(purpose).inc(usage.dollars)

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
