from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.budget import Budget, Meter, Price, Refusal, Reservation, price_of
from bestofn.errors import InvalidInput
from bestofn.types import Usage


def _used(tokens: int, calls: int = 1, dollars: float = 0.0) -> Usage:
    return Usage(calls=calls, input_tokens=tokens, dollars=dollars)


def _granted(answer: Reservation | Refusal) -> Reservation:
    assert isinstance(answer, Reservation)
    return answer


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Budget(calls=-1), "Budget.calls"),
        (lambda: Budget(calls=1.5), "Budget.calls"),  # type: ignore[arg-type]
        (lambda: Budget(tokens=True), "Budget.tokens"),
        (lambda: Budget(dollars=float("nan")), "Budget.dollars"),
        (lambda: Budget(seconds="5"), "Budget.seconds"),  # type: ignore[arg-type]
        (lambda: Price(-1, 2), "Price.input"),
        (lambda: Price(1, float("inf")), "Price.output"),
    ],
)
def test_a_bad_setting_is_named(make: Callable[[], Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.field == field


def test_calls_under_way_count_and_a_wish_is_cut_to_what_is_left() -> None:
    meter = Meter(Budget(calls=5))
    first = _granted(meter.reserve(3))
    assert _granted(meter.reserve(8)).calls == 2
    assert meter.reserve() == Refusal("calls", final=True)
    meter.release(first)
    meter.release(first)
    assert _granted(meter.reserve(8)).calls == 3


def test_no_call_starts_when_the_seconds_are_over() -> None:
    now = [100.0]
    meter = Meter(Budget(seconds=2), clock=lambda: now[0])
    assert _granted(meter.reserve())
    now[0] = 102.0
    assert meter.reserve() == Refusal("seconds", final=True)


def test_the_first_calls_are_feared_to_be_long_and_the_next_expected_like_them() -> None:
    meter = Meter(Budget(tokens=10_000))
    first = _granted(meter.reserve(9, prompt_tokens=1000, answer_tokens=3000))
    assert first.calls == 3
    assert meter.reserve(prompt_tokens=1000) == Refusal("tokens", final=False)
    meter.settle(first, _used(600, calls=3))
    assert _granted(meter.reserve(100)).calls == 47


def test_one_call_finds_out_what_calls_cost_when_its_prompt_fits() -> None:
    meter = Meter(Budget(tokens=500))
    only = _granted(meter.reserve(4, prompt_tokens=400, answer_tokens=8192))
    assert only.calls == 1
    assert meter.reserve(prompt_tokens=400) == Refusal("tokens", final=False)
    meter.settle(only, _used(450))
    assert meter.reserve(prompt_tokens=400) == Refusal("tokens", final=True)
    assert Meter(Budget(tokens=500)).reserve(prompt_tokens=501) == Refusal("tokens", final=True)


def test_what_a_reply_really_cost_counts_for_those_under_way() -> None:
    meter = Meter(Budget(dollars=1.0))
    price = Price(10, 100)
    first = _granted(meter.reserve(kind="a", prompt_tokens=1000, answer_tokens=1000, price=price))
    assert _granted(meter.reserve(kind="a", answer_tokens=1000, price=price))
    assert meter.expected.dollars == pytest.approx(0.21)
    meter.settle(first, Usage(calls=1, output_tokens=4000, dollars=0.4))
    assert meter.expected.dollars == pytest.approx(0.4)
    assert meter.reserve(kind="a", price=price) == Refusal("dollars", final=False)
    assert _granted(meter.reserve(kind="b", answer_tokens=1000, price=price))


def test_a_failed_call_tells_nothing_about_the_cost_of_others() -> None:
    meter = Meter(Budget(tokens=1000))
    meter.settle(_granted(meter.reserve()), _used(400))
    meter.settle(_granted(meter.reserve()), _used(0))
    assert meter.spent.calls == 2
    assert _granted(meter.reserve(9)).calls == 1


def test_free_models_never_run_out_of_dollars() -> None:
    meter = Meter(Budget(dollars=0))
    for _ in range(3):
        meter.settle(_granted(meter.reserve(price=Price(0, 0))), _used(10))
    assert meter.reserve(price=Price(1, 1), kind="dear", prompt_tokens=1) == Refusal(
        "dollars", final=True
    )


def test_a_reservation_ends_once() -> None:
    meter = Meter(Budget())
    held = _granted(meter.reserve(2))
    with pytest.raises(InvalidInput, match="only 2"):
        meter.settle(held, _used(1, calls=3))
    meter.settle(held, _used(1, calls=2))
    with pytest.raises(InvalidInput, match="before"):
        meter.settle(held, _used(1))


@dataclass
class _Held:
    reservation: Reservation
    cost: int


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_the_order_the_limits_hold(data: st.DataObject) -> None:
    limits = st.none() | st.integers(0, 400)
    budget = Budget(
        calls=data.draw(st.none() | st.integers(0, 12)),
        tokens=data.draw(limits),
        dollars=data.draw(limits),
    )
    meter = Meter(budget)
    price = Price(1e6, 1e6)  # a token is a dollar
    held: list[_Held] = []
    at_last_grant: list[_Held] = []
    before_last_grant = 0
    for _ in range(data.draw(st.integers(1, 30))):
        action = data.draw(st.sampled_from(["reserve", "reserve", "settle", "release"]))
        if action == "reserve":
            wanted = data.draw(st.integers(1, 6))
            answer = meter.reserve(
                wanted,
                kind=data.draw(st.sampled_from("ab")),
                prompt_tokens=data.draw(st.integers(0, 50)),
                answer_tokens=data.draw(st.none() | st.integers(1, 100)),
                price=price,
            )
            if isinstance(answer, Refusal):
                assert answer.final or held, "a refusal for now needs something to wait for"
                assert getattr(budget, answer.limit) is not None
            else:
                assert 1 <= answer.calls <= wanted
                held.append(_Held(answer, data.draw(st.integers(0, 150)) * answer.calls))
                at_last_grant = list(held)
                before_last_grant = meter.spent.input_tokens
        elif held:
            done = held.pop(data.draw(st.integers(0, len(held) - 1)))
            if action == "release":
                meter.release(done.reservation)
            else:
                used = _used(done.cost, done.reservation.calls, float(done.cost))
                meter.settle(done.reservation, used)
        assert meter.under_way == sum(one.reservation.calls for one in held)
        assert meter.expected.tokens >= 0
        if budget.calls is not None:
            assert meter.spent.calls + meter.under_way <= budget.calls
        for limit in (budget.tokens, budget.dollars):
            if limit is not None:
                assert before_last_grant <= limit
                under_way = sum(one.cost for one in at_last_grant)
                assert meter.spent.input_tokens <= limit + under_way
    for one in held:
        meter.release(one.reservation)
    assert meter.under_way == 0
    assert meter.expected == (0.0, 0.0)


def test_list_prices() -> None:
    pytest.importorskip("genai_prices")
    price = price_of("openai/gpt-5-mini")
    assert price is not None
    assert 0 < price.input < price.output < 100
    assert price_of("gpt-5-mini") == price
    assert price_of("openai/no-such-model") is None
    assert price_of("nowhere/gpt-5-mini") is None
    assert price_of("vllm/gpt-5-mini") is None
    assert Price(2, 10).of(1_000_000, 500_000) == 7
