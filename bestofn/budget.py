"""What a run may cost, and the meter that keeps it within that."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .errors import InvalidInput
from .types import Usage

Limit = Literal["calls", "tokens", "dollars", "seconds"]

ANSWER_TOKENS = 4096
"""Length that is feared of a first answer when the request sets no limit of its own."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a run may cost in all, sampling and judging together. None: no limit.

    Attributes:
        calls: Model calls; each of several replies drawn at once is one. Never exceeded.
        tokens: Prompt and answer tokens together.
        dollars: At the price given, or the one that ``genai-prices`` knows.
        seconds: Wall-clock seconds from the opening of the run's calls; when they are over no
            call is started, and those under way are awaited.

    Tokens and dollars are known only when a reply is there: they can be exceeded by what the
    calls under way cost more than was expected of them.

    Raises:
        InvalidInput: naming the field.
    """

    calls: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise InvalidInput(f"Budget.{name}", f"must be a whole number, got {value!r}")
        for name in ("calls", "tokens", "dollars", "seconds"):
            if getattr(self, name) is not None:
                _not_negative(f"Budget.{name}", getattr(self, name))


@dataclass(frozen=True)
class Price:
    """What a model costs, in dollars per million tokens.

    Attributes:
        input: Of the prompt.
        output: Of the answer, reasoning included.

    Raises:
        InvalidInput: naming the field.
    """

    input: float
    output: float

    def __post_init__(self) -> None:
        _not_negative("Price.input", self.input)
        _not_negative("Price.output", self.output)

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """Dollars for so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


def _not_negative(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(name, f"must be a number, got {value!r}")
    if value < 0:
        raise InvalidInput(name, f"must be at least 0, got {value!r}")


def price_of(model: str) -> Price | None:
    """The list price of a model, by the optional package ``genai-prices``.

    Args:
        model: As a backend is named (``openai/gpt-5-mini``: provider, then model), or a model
            alone. Prices that rise with the length of the prompt are taken at their lowest.

    Returns:
        None when the package is not installed or does not know the model at that provider.
    """
    provider, _, name = model.partition("/") if "/" in model else ("", "", model)
    if provider == "vllm":  # one's own machine, whatever the same weights cost elsewhere
        return None
    try:
        from genai_prices import Usage as Tokens
        from genai_prices import calc_price
    except ImportError:
        return None
    try:
        found = calc_price(
            Tokens(input_tokens=1000, output_tokens=1000),
            model_ref=name,
            provider_id=provider or None,
        )
    except LookupError:
        return None
    return Price(input=float(found.input_price) * 1e3, output=float(found.output_price) * 1e3)


class Cost(NamedTuple):
    """Tokens and dollars, expected or real."""

    tokens: float
    dollars: float


@dataclass(frozen=True)
class Refusal:
    """No call may start now.

    Attributes:
        limit: Which limit is in the way.
        final: False when only what is expected of the calls under way is in the way: asking
            again once one of them has ended may succeed.
    """

    limit: Limit
    final: bool


@dataclass(eq=False)
class Reservation:
    """Room for ``calls`` calls; ends with :meth:`Meter.settle` or :meth:`Meter.release`."""

    calls: int
    kind: Hashable
    guess: Cost
    open: bool = True


@dataclass
class _Kind:
    """Calls that are likely to cost alike."""

    under_way: int = 0
    guessed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    measured: int = 0
    tokens: float = 0.0
    dollars: float = 0.0

    @property
    def mean(self) -> Cost | None:
        if not self.measured:
            return None
        return Cost(self.tokens / self.measured, self.dollars / self.measured)

    @property
    def expected(self) -> Cost:
        """What the calls under way will cost, as far as is known now."""
        mean = self.mean
        if not self.under_way or mean is None:
            return Cost(*self.guessed)
        return Cost(mean.tokens * self.under_way, mean.dollars * self.under_way)


class Meter:
    """Keeps count. Room is reserved before a call; what it really cost is settled after.

    A call is let through when what was spent, what is expected of the calls under way and what
    is expected of the new one stay within every limit. Expected is the mean of the calls of
    its kind so far; before there is one, the prompt and the longest answer allowed. When not
    even that fits and nothing is under way, a single call goes ahead to find out, provided its
    prompt fits. Never waits: the caller decides what to do with a :class:`Refusal`.

    Args:
        budget: The limits.
        clock: Seconds that never go back; the budget's seconds start now.
    """

    def __init__(self, budget: Budget, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.spent = Usage()
        """What was settled; includes guesses for replies whose server counts no tokens."""
        self._clock = clock
        self._started = clock()
        self._kinds: dict[Hashable, _Kind] = {}

    @property
    def under_way(self) -> int:
        """Calls that are reserved and neither settled nor released."""
        return sum(kind.under_way for kind in self._kinds.values())

    @property
    def expected(self) -> Cost:
        """What the calls under way are expected to cost."""
        parts = [kind.expected for kind in self._kinds.values()]
        return Cost(sum(part.tokens for part in parts), sum(part.dollars for part in parts))

    def reserve(
        self,
        calls: int = 1,
        *,
        kind: Hashable = None,
        prompt_tokens: float = 0.0,
        answer_tokens: float | None = None,
        price: Price | None = None,
    ) -> Reservation | Refusal:
        """Make room for up to ``calls`` calls of one prompt; for fewer if not all fit.

        Args:
            calls: How many replies are wanted, at least 1.
            kind: Calls of one kind are expected to cost alike.
            prompt_tokens: A guess at the prompt's length.
            answer_tokens: The longest answer allowed, if known.
            price: Of the model, if known.
        """
        if calls < 1:
            raise InvalidInput("calls", f"must be at least 1, got {calls!r}")
        limits = self.budget
        if limits.calls is not None:
            calls = min(calls, limits.calls - self.spent.calls - self.under_way)
            if calls < 1:
                return Refusal("calls", final=True)
        if limits.seconds is not None and self._clock() - self._started >= limits.seconds:
            return Refusal("seconds", final=True)

        entry = self._kinds.setdefault(kind, _Kind())
        mean = entry.mean
        if mean is None:
            answer = ANSWER_TOKENS if answer_tokens is None else answer_tokens
            shared = Cost(prompt_tokens, price.of(prompt_tokens, 0) if price else 0.0)
            each = Cost(answer, price.of(0, answer) if price else 0.0)
        else:
            shared, each = Cost(0.0, 0.0), mean
        least = shared if mean is None else mean
        for index, limit, left in self._left():
            if left < least[index]:
                return Refusal(limit, final=True)
            room = left - self.expected[index] - shared[index]
            if each[index] * calls > room:
                calls = math.floor(room / each[index]) if each[index] else 0
            if calls < 1:
                if self.under_way:
                    return Refusal(limit, final=False)
                calls = 1  # nobody knows yet what it costs: find out

        guess = Cost(shared.tokens + calls * each.tokens, shared.dollars + calls * each.dollars)
        entry.under_way += calls
        entry.guessed[0] += guess.tokens
        entry.guessed[1] += guess.dollars
        return Reservation(calls, kind, guess)

    def settle(
        self, reservation: Reservation, usage: Usage, *, measured: int | None = None
    ) -> None:
        """Replace a reservation by what the calls really cost.

        Args:
            reservation: An open one.
            usage: Of all its calls together; ``usage.calls`` at most what was reserved.
            measured: How many of them tell what such calls cost; failed ones do not. All when
                tokens were counted, unless said otherwise.

        Raises:
            InvalidInput: it is not open, or more calls were made than reserved.
        """
        if not reservation.open:
            raise InvalidInput("reservation", "was settled or released before")
        if usage.calls > reservation.calls:
            raise InvalidInput(
                "usage.calls", f"is {usage.calls}, only {reservation.calls} were reserved"
            )
        self.release(reservation)
        self.spent += usage
        tokens = usage.input_tokens + usage.output_tokens
        if measured is None:
            measured = usage.calls if tokens else 0
        if measured:
            entry = self._kinds[reservation.kind]
            entry.measured += measured
            entry.tokens += tokens
            entry.dollars += usage.dollars

    def release(self, reservation: Reservation) -> None:
        """Give back the room of calls that were never answered; does nothing the second time."""
        if not reservation.open:
            return
        reservation.open = False
        entry = self._kinds[reservation.kind]
        entry.under_way -= reservation.calls
        entry.guessed[0] -= reservation.guess.tokens
        entry.guessed[1] -= reservation.guess.dollars
        if not entry.under_way:
            entry.guessed[:] = (0.0, 0.0)  # no rounding errors are left behind

    def _left(self) -> Iterator[tuple[int, Limit, float]]:
        """For each limit that is set: its place in a cost, its name, what is not yet spent."""
        if self.budget.tokens is not None:
            spent = self.spent.input_tokens + self.spent.output_tokens
            yield 0, "tokens", self.budget.tokens - spent
        if self.budget.dollars is not None:
            yield 1, "dollars", self.budget.dollars - self.spent.dollars
