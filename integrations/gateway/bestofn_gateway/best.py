"""One request for the best of several samples, from its plan to the outcome."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from bestofn import Calls, Price, Sandbox, Usage
from bestofn.events import CallFinished, Event, all_of

from .answering import Outcome
from .choosing import choose, judge_model, make_judge, most_calls
from .errors import GatewayError, invalid, no_quota, too_late
from .keys import Account
from .kinds import Kind
from .lines import Lines
from .metrics import Metrics
from .names import Plan
from .prices import FREE, Prices
from .sampling import USABLE, Collected, Habits, SampleBackend, draw, error_of
from .settings import Settings
from .upstream import Upstream

SAMPLING_SHARE = 0.7
"""Of a request's time, how much its samples may take where they are judged afterwards."""


class BestOf:
    """Draws samples and chooses among them. Holds what all requests share.

    Args:
        settings: The server's.
        upstream: Open as long as requests come.
        metrics: Hears of every call.
    """

    def __init__(self, settings: Settings, upstream: Upstream, metrics: Metrics) -> None:
        self.lines = Lines(settings.upstream, timeout=settings.timeout)
        self.sandbox = Sandbox.at(settings.isolation)
        self.prices = Prices(settings.prices)
        self._settings = settings
        self._upstream = upstream
        self._metrics = metrics
        self._habits = Habits()

    async def answer(
        self, plan: Plan, *, kind: Kind, headers: Mapping[str, str], account: Account
    ) -> Outcome:
        """Work on one request.

        Args:
            plan: What is asked.
            kind: Chat or text.
            headers: That go to the upstream with every sample.
            account: Who pays.

        Raises:
            GatewayError: there is no answer.
        """
        end = time.monotonic() + (plan.budget.seconds or self._settings.timeout)
        problem = kind.problem(plan.body)
        prices = await self._prices(plan)
        most = most_calls(plan)
        reserved = account.reserve(min(most, plan.budget.calls or most))
        budget = account.within(plan.budget, reserved)
        if budget.dollars is not None and None in prices.values():
            account.settle(reserved, Usage())
            raise _no_price(prices)
        request_id = f"bon-{uuid.uuid4().hex}"
        backend = SampleBackend(
            upstream=self._upstream,
            kind=kind,
            plan=plan,
            headers=headers,
            habits=self._habits,
            request_id=request_id,
        )
        drawn, judging = Collected(), _Judging()
        calls = Calls(
            budget=budget,
            journal=self._settings.journal,
            prices={f"openai/{name}": price or FREE for name, price in prices.items()},
            trace=self._trace(request_id),
            on_event=all_of(drawn, judging, self._metrics.heard),
        )
        try:
            async with calls:
                judge = make_judge(plan, self.lines, headers.get("authorization"), request_id)
                share = 1.0 if plan.samples == 1 else SAMPLING_SHARE
                in_time = await draw(
                    calls, backend, problem, seconds=share * (end - time.monotonic())
                )
                replies = dict(sorted(drawn.replies.items()))
                usable = {n: reply for n, reply in replies.items() if reply.status in USABLE}
                if not usable:
                    raise self._nothing(drawn, calls, plan, in_time=in_time)
                choice = await choose(
                    problem,
                    usable,
                    plan,
                    kind=kind,
                    judge=judge,
                    calls=calls,
                    sandbox=self.sandbox,
                    until=end,
                )
                selection = choice.selection
                stopped_by = calls.stopped_by or (selection.stopped_by if selection else None)
                if choice.abstained is not None:
                    self._metrics.undecided.inc()
                return Outcome(
                    request_id=request_id,
                    plan=plan,
                    replies=replies,
                    choice=choice,
                    usage=calls.usage,
                    judging=judging.usage,
                    stopped_by=stopped_by or (None if in_time else "seconds"),
                    priced=None not in prices.values(),
                )
        finally:
            account.settle(reserved, calls.paid)

    async def _prices(self, plan: Plan) -> dict[str, Price | None]:
        judge = judge_model(plan)
        models = {plan.model} | ({judge} if judge else set())
        return {model: await self.prices.of(model) for model in models}

    def _trace(self, request_id: str) -> Path | None:
        folder = self._settings.trace_dir
        return None if folder is None else folder / f"{request_id}.jsonl"

    def _nothing(
        self, drawn: Collected, calls: Calls, plan: Plan, *, in_time: bool
    ) -> GatewayError:
        """Why there is no sample at all: what most of the failed ones say, the client's first."""
        if drawn.replies:
            errors = [error_of(reply) for reply in drawn.replies.values()]
            return GatewayError(min(errors, key=lambda error: (error.status >= 500, error.status)))
        if not in_time:
            seconds = plan.budget.seconds or self._settings.timeout
            return GatewayError(too_late(f"No sample came within {seconds:g} seconds."))
        return no_quota(
            f"The budget of {calls.stopped_by} does not allow a single sample of this request."
        )


class _Judging:
    """A listener that adds up what the judge costs."""

    def __init__(self) -> None:
        self.usage = Usage()

    def __call__(self, event: Event) -> None:
        if isinstance(event, CallFinished) and event.purpose != "sample":
            for reply in event.replies:
                self.usage += reply.usage


def _no_price(prices: Mapping[str, Price | None]) -> GatewayError:
    unknown = ", ".join(name for name, price in prices.items() if price is None)
    return invalid(
        "bestofn.budget.dollars",
        f"bestofn.budget.dollars: a budget in dollars needs the price of {unknown}, which this "
        "server does not know; ask for a budget in calls or tokens.",
    )
