"""The one retry loop. What it repeats, how often, and how long it waits in between."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState

from ..errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When to ask again after a failure that may pass.

    Attributes:
        attempts: Most attempts at one request.
        same_failures: Give up after that many failures in a row that say the same. Refusals for
            load (429, 503, 529) and broken connections do not count: they always say the same.
        stalls: Most attempts at which nothing came for too long; each costs its full time.
        first_wait: Seconds before the second attempt; doubled for each one after it, and up to
            half of it taken off at random.
        longest_wait: Seconds; the doubling ends here.
        longest_retry_after: Seconds that a server may ask for. A longer, negative or unreadable
            wish is not followed.

    Raises:
        InvalidInput: naming the field.
    """

    attempts: int = 8
    same_failures: int = 4
    stalls: int = 2
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_retry_after: float = 300.0

    def __post_init__(self) -> None:
        for name in ("attempts", "same_failures", "stalls"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"RetryPolicy.{name}", "must be at least 1")
        for name in ("first_wait", "longest_wait", "longest_retry_after"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InvalidInput(f"RetryPolicy.{name}", "must be seconds, 0 or more")

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after the attempt of that number (1-based), jitter included."""
        seconds = min(self.longest_wait, self.first_wait * 2.0 ** min(attempt - 1, 60))
        return seconds * random.uniform(0.5, 1.0)


DEFAULT_POLICY = RetryPolicy()

FaultKind = Literal["load", "connection", "stall", "server", "body"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An attempt that failed in a way that may pass.

    Attributes:
        kind: ``load`` (429, 503, 529), ``connection``, ``stall``, ``server`` (other statuses) or
            ``body`` (an answer that is not what was promised).
        error: In words, without keys.
        wait: Seconds that the server asked to wait, where that is sensible.
    """

    kind: FaultKind
    error: str
    wait: float | None = None


async def keep_asking(
    policy: RetryPolicy, attempt: Callable[[], Awaitable[T | Fault]]
) -> T | Fault:
    """Repeat ``attempt`` until it brings something else than a fault, or the policy ends it.

    Returns:
        What it brought, or the last fault.
    """
    first = await attempt()
    if not isinstance(first, Fault):  # nearly always: the loop would cost more than our own part
        return first
    course = _Course(policy)
    pending: list[T | Fault] = [first]

    async def again() -> T | Fault:
        return pending.pop() if pending else await attempt()

    retrying = AsyncRetrying(
        retry=course.failed,
        stop=course.over,
        wait=course.pause,
        sleep=anyio.sleep,
        retry_error_callback=_result,
    )
    return await retrying(again)


class _Course:
    """What happened so far at one request, in the form in which tenacity asks for it."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._last = ""
        self._same = 0
        self._stalls = 0

    def failed(self, state: RetryCallState) -> bool:
        """Whether to think of another attempt; exceptions are final."""
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return False
        fault = outcome.result()
        if not isinstance(fault, Fault):
            return False
        counts = fault.kind in ("server", "body")
        self._same = self._same + 1 if counts and fault.error == self._last else int(counts)
        self._last = fault.error if counts else ""
        self._stalls += fault.kind == "stall"
        return True

    def over(self, state: RetryCallState) -> bool:
        """Whether that was the last attempt."""
        return (
            state.attempt_number >= self._policy.attempts
            or self._same >= self._policy.same_failures
            or self._stalls >= self._policy.stalls
        )

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        fault = _result(state)
        own = self._policy.backoff(state.attempt_number)
        if isinstance(fault, Fault) and fault.wait is not None:
            return fault.wait + min(own, 0.1 * fault.wait)  # not all at the same moment
        return own


def _result(state: RetryCallState) -> object:
    return None if state.outcome is None else state.outcome.result()


def retry_after(headers: Mapping[str, str], longest: float) -> float | None:
    """The seconds for which a server asks to be left alone.

    Reads ``retry-after-ms`` (milliseconds) and ``Retry-After`` (seconds or a date, RFC 9110
    section 10.2.3).

    Args:
        headers: Of the response; looked up in lower case.
        longest: Seconds above which the wish is taken for a mistake.

    Returns:
        None when there is no wish, or none that makes sense (nothing, the past, too long).
    """
    for name, read in (("retry-after-ms", _milliseconds), ("retry-after", _seconds_or_date)):
        value = headers.get(name)
        if value is not None:
            seconds = read(value.strip())
            if 0 < seconds <= longest:
                return seconds
    return None


def _milliseconds(value: str) -> float:
    try:
        return float(value) / 1000
    except ValueError:
        return math.nan


def _seconds_or_date(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        pass  # then it may be a date
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # "-0000": a date of unknown zone, which HTTP knows only as GMT
            date = date.replace(tzinfo=UTC)
        return date.timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return math.nan
