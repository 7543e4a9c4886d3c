"""What the gateway does for each kind of request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from anyio import to_thread
from multidict import CIMultiDict
from starlette.types import Scope

from bestofn import Price

from .answering import COMMENT, completion, stream
from .answering import headers as summary
from .best import BestOf
from .clients import BrokenOff, Client, encoded
from .documents import parsed
from .errors import GatewayError, invalid, malformed
from .guarding import check_local
from .headers import to_upstream
from .keys import Account, Keyring
from .kinds import Kind
from .metrics import Metrics
from .names import Plan, choices_asked, may_concern_us, plan_of, split_name
from .passing import Meter, pass_through
from .settings import Settings
from .upstream import Upstream

LAST_WORDS_SECONDS = 2.0
"""For requests that are given up when the server ends."""

_READ_ELSEWHERE = 2**20
"""A longer body is parsed in a thread: it takes the event loop's time otherwise."""

_EVENTS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Gateway:
    """What the endpoints do.

    Args:
        settings: Checked.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.upstream = Upstream(settings)
        self.keyring = Keyring(settings.keys)
        self.working: set[asyncio.Task[Any]] = set()
        """Requests under way; they get to say how they end before what they use is closed."""
        self.best = BestOf(settings, self.upstream, self.metrics)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold everything open that requests share."""
        async with self.upstream.open(), self.best.sandbox:
            try:
                yield
            finally:
                if self.working:
                    await asyncio.wait(self.working, timeout=LAST_WORDS_SECONDS)
                await self.best.lines.close()

    def admit(self, client: Client) -> Account:
        """Whose request that is.

        Raises:
            GatewayError: 401 or 403.
        """
        if not self.keyring.asks:
            check_local(client)
        return self.keyring.account(client.header(b"authorization"))

    async def health(self, client: Client) -> None:
        """Whether the server is up; says nothing of the upstream."""
        await client.answer(200, {"status": "ok"})

    async def page(self, client: Client) -> None:
        """The metrics."""
        self.admit(client)
        data = self.metrics.page()
        head = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
        await client.start(200, encoded(head | {"content-length": str(len(data))}))
        await client.end(data)

    async def models(self, client: Client) -> None:
        """The upstream's models, and ``bon-8-<model>`` for each of them by name."""
        self.admit(client)
        name: str = client.scope["path_params"].get("name", "")
        named, path = split_name(name), _target(client.scope, "/models")
        if _climbs(name if named is None else named[1]):
            words = "A model's name goes into a path and may not hold the steps . and .. of one."
            raise invalid("model", words)
        if named is None:
            await self._pass(client, method="GET", path=path, body=None, meter=Meter(0))
            return
        path = path.replace(f"/models/bon-{named[0]}-", "/models/", 1)
        sent = self._headers(client)
        answer = await client.attend(self.upstream.ask("GET", path, sent))
        if answer.status != 200:
            raise GatewayError(self.upstream.refusal(answer, sent.get("authorization")))
        try:
            model = _object(answer.body)
        except GatewayError as error:
            raise GatewayError(malformed("The upstream's answer is no JSON object.")) from error
        await client.answer(200, {**model, "id": name})

    async def complete(self, client: Client, kind: Kind) -> str:
        """Answer a request for a completion.

        Returns:
            Whether the gateway did something about it: ``best`` or ``pass``.
        """
        account = self.admit(client)
        settings, limits = self.settings, account.limits
        raw = await client.body(most=settings.max_body, seconds=settings.body_seconds)
        body: Mapping[str, Any] = {}
        if may_concern_us(raw) or limits.calls is not None or limits.dollars is not None:
            body = await _parsed(raw)
            plan = plan_of(body, settings)
            if plan is not None:
                await self._answer_best(client, plan, kind, account)
                return "best"
        await self._pass_paid(client, kind, account, raw, body)
        return "pass"

    async def _pass_paid(
        self, client: Client, kind: Kind, account: Account, raw: bytes, body: Mapping[str, Any]
    ) -> None:
        price = None
        if account.limits.dollars is not None:
            price = await self._price(body.get("model"))
        asked = choices_asked(body)
        reserved = account.reserve(asked, least=asked)
        meter = Meter(len(raw), choices=asked)
        try:
            path = _target(client.scope, kind.path)
            await self._pass(client, method="POST", path=path, body=raw, meter=meter)
        except GatewayError:
            meter.failed = True
            raise
        finally:
            usage = meter.usage
            if price is not None:
                dollars = price.of(usage.input_tokens, usage.output_tokens)
                usage = replace(usage, dollars=dollars)
            account.settle(reserved, usage)
            self.metrics.spent("pass", usage)

    async def _price(self, model: Any) -> Price:
        found = await self.best.prices.of(model) if isinstance(model, str) else None
        if found is None:
            words = "the key has a budget in dollars, and this server does not know its price."
            raise invalid("model", f"model: {words}")
        return found

    async def _pass(
        self, client: Client, *, method: str, path: str, body: bytes | None, meter: Meter
    ) -> None:
        if body is None:
            await client.body(most=self.settings.max_body, seconds=self.settings.body_seconds)
        work = pass_through(
            client,
            self.upstream,
            method=method,
            path=path,
            headers=self._headers(client),
            body=body,
            meter=meter,
        )
        try:
            await client.attend(work)
        except GatewayError as error:
            if client.started:
                raise BrokenOff(str(error)) from None
            raise

    async def _answer_best(self, client: Client, plan: Plan, kind: Kind, account: Account) -> None:
        sent = self._headers(client)
        sent["content-type"] = "application/json"
        work = self.best.answer(plan, kind=kind, headers=sent, account=account)
        if not plan.stream:
            outcome = await client.attend(work)
            await client.answer(200, completion(outcome), summary(outcome))
            return

        async def tick() -> None:
            if not client.started:
                await client.start(200, _EVENTS)
            await client.write(COMMENT)

        outcome = await client.attend(work, every=self.settings.keep_alive, tick=tick)
        if not client.started:
            await client.start(200, [*_EVENTS, *encoded(summary(outcome))])
        for part in stream(outcome, kind):
            await client.write(part)
        await client.end()

    def _headers(self, client: Client) -> CIMultiDict[str]:
        """What goes to the upstream: a key of the gateway's clients goes nowhere."""
        own = self.upstream.own_authorization
        if own is not None or self.keyring.asks:
            return to_upstream(client.headers, own, keys=False)
        return to_upstream(client.headers, client.header(b"authorization"))


def _target(scope: Scope, path: str) -> str:
    """Where a request goes below the upstream's URL: a path, what was written behind it in the
    request, and the query."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    _, _, behind = raw.decode("latin-1").partition(path)
    query: bytes = scope["query_string"]
    return path + behind + (f"?{query.decode('latin-1')}" if query else "")


def _climbs(name: str) -> bool:
    """Whether servers may take a name in a path for steps out of the folder it is in."""
    steps = name.replace("\\", "/").split("/")
    return any(step.partition(";")[0] in (".", "..") for step in steps)


async def _parsed(raw: bytes) -> Mapping[str, Any]:
    if len(raw) < _READ_ELSEWHERE:
        return _object(raw)
    return await to_thread.run_sync(_object, raw)


def _object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        GatewayError: there is none.
    """
    try:
        data = parsed(raw)
    except ValueError as error:
        raise invalid(None, f"The body is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise invalid(None, "The body must be a JSON object.")
    return data
