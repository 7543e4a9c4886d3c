from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.backends import RetryPolicy
from bestofn.backends.retry import Fault, keep_asking, retry_after
from bestofn.errors import InvalidInput


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "-1", "retry-after": "2"}, 2.0),
        ({}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "301"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, 300) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0200"])
def test_retry_after_as_a_date(zone: str) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=100)
    if zone == "+0200":
        moment = moment + timedelta(hours=2)
    date = format_datetime(moment.replace(tzinfo=None)).replace("-0000", zone)
    seconds = retry_after({"retry-after": date}, 300)
    assert seconds is not None
    assert 90 < seconds < 101


@given(st.text(), st.text())
def test_retry_after_never_fails(seconds: str, milliseconds: str) -> None:
    found = retry_after({"retry-after": seconds, "retry-after-ms": milliseconds}, 300)
    assert found is None or 0 < found <= 300


@given(st.integers(1, 10_000))
def test_backoff_grows_to_its_end(attempt: int) -> None:
    policy = RetryPolicy(first_wait=0.5, longest_wait=30)
    most = min(30, 0.5 * 2 ** min(attempt - 1, 20))
    assert most / 2 <= policy.backoff(attempt) <= most


@pytest.mark.parametrize(
    "settings",
    [{"attempts": 0}, {"same_failures": 0}, {"first_wait": -1.0}, {"longest_wait": 1e999}],
)
def test_bad_policies(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(settings))):
        RetryPolicy(**settings)  # type: ignore[arg-type]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("faults", "asked"),
    [
        ("SSSSSSSS", 3),  # the same three times in a row
        ("SBSBSBSB", 6),  # never the same twice: all attempts
        ("SSLSSLSS", 6),  # load in between starts the count again
        ("LLLLLLLL", 6),
        ("CCCCCCCC", 6),
        ("TTTTTTTT", 2),
        ("TCTCTCTC", 3),  # stalls are counted altogether
        ("SSok", 3),
    ],
)
async def test_how_often(faults: str, asked: int) -> None:
    kinds = {"S": "server", "B": "body", "L": "load", "C": "connection", "T": "stall"}
    policy = RetryPolicy(attempts=6, same_failures=3, stalls=2, first_wait=0, longest_wait=0)
    count = 0

    async def attempt() -> str | Fault:
        nonlocal count
        count += 1
        letter = faults[count - 1]
        if letter not in kinds:
            return "fine"
        return Fault(kind=kinds[letter], error=letter)  # type: ignore[arg-type]

    outcome = await keep_asking(policy, attempt)
    assert count == asked
    assert (outcome == "fine") == ("ok" in faults)


@pytest.mark.anyio
async def test_errors_are_final() -> None:
    count = 0

    async def attempt() -> str | Fault:
        nonlocal count
        count += 1
        raise LookupError("final")

    with pytest.raises(LookupError, match="final"):
        await keep_asking(RetryPolicy(), attempt)
    assert count == 1
