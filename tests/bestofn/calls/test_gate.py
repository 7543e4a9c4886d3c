from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from bestofn.backends.base import Backend
from bestofn.budget import Budget, Price
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply, Sampling
from bestofn.errors import BackendError, InvalidInput, JournalError, RequestRejected
from bestofn.events import CallFinished, CallStarted, Event
from bestofn.journal import read_journal
from bestofn.types import Usage

from .scripted import Scripted

pytestmark = pytest.mark.anyio


def ask(text: str, sample: int = 0) -> ChatRequest:
    return ChatRequest.ask(text, sample=sample)


def texts(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies]


async def test_the_test_backend_is_one(backend: Scripted) -> None:
    assert isinstance(backend, Backend)


@pytest.mark.parametrize("kept", [True, False])
async def test_a_draw_is_paid_once(backend: Scripted, tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "run.db" if kept else None
    async with Calls(journal=path) as calls:
        (first,) = await calls.ask(backend, ask("a"))
        (second,) = await calls.ask(backend, ask("a"))
        assert (first.text, first.recorded) == ("a 0", False)
        assert second == replace(first, recorded=True)
        assert calls.usage == calls.paid == Usage(calls=1, input_tokens=10, output_tokens=5)
    assert backend.asked == [("a", 0, 1)]
    assert (backend.opened, backend.closed) == (1, 1)


async def test_a_repeated_run_pays_nothing_and_counts_the_same(
    backend: Scripted, tmp_path: Path
) -> None:
    seen: list[Event] = []
    for attempt in range(2):
        async with Calls(
            journal=tmp_path / "run.db", budget=Budget(calls=3), on_event=seen.append
        ) as calls:
            replies = [await calls.ask(backend, ask(text)) for text in "abcd"]
            assert [texts(r) for r in replies] == [["a 0"], ["b 0"], ["c 0"], []]
            assert calls.stopped_by == "calls"
            assert calls.usage.calls == 3
            assert calls.paid.calls == (0 if attempt else 3)
    assert len(backend.asked) == 3
    assert backend.opened == 1, "what is not asked opens nothing"
    finished = [event for event in seen if isinstance(event, CallFinished)]
    assert [event.recorded for event in finished] == [False] * 3 + [True] * 3
    assert len([event for event in seen if isinstance(event, CallStarted)]) == 3


async def test_two_who_want_the_same_draw_share_one_call(backend: Scripted) -> None:
    async with Calls(budget=Budget(calls=1)) as calls:
        both = await asyncio.gather(*(calls.ask(backend, ask("a")) for _ in range(5)))
        assert {texts(replies)[0] for replies in both} == {"a 0"}
        assert calls.stopped_by is None
    assert backend.asked == [("a", 0, 1)]


async def test_missing_samples_are_asked_in_blocks(backend: Scripted) -> None:
    async with Calls() as calls:
        await calls.ask(backend, ask("a", 2))
        assert texts(await calls.ask(backend, ask("a"), n=6)) == [f"a {i}" for i in range(6)]
        assert texts(await calls.ask(backend, ask("a", 1), n=3)) == ["a 1", "a 2", "a 3"]
        assert calls.usage.calls == 6
    assert backend.asked == [("a", 2, 1), ("a", 0, 2), ("a", 3, 3)]


async def test_overlapping_wishes_share_what_is_under_way(backend: Scripted) -> None:
    backend.gate = asyncio.Event()
    async with Calls() as calls:
        first = asyncio.create_task(calls.ask(backend, ask("a"), n=4))
        await backend.waiting.acquire()
        second = asyncio.create_task(calls.ask(backend, ask("a", 2), n=4))
        await backend.waiting.acquire()
        backend.gate.set()
        assert texts(await first) == ["a 0", "a 1", "a 2", "a 3"]
        assert texts(await second) == ["a 2", "a 3", "a 4", "a 5"]
    assert backend.asked == [("a", 0, 4), ("a", 4, 2)]


async def test_fewer_replies_when_calls_run_out(backend: Scripted) -> None:
    seen: list[Event] = []
    async with Calls(budget=Budget(calls=5), on_event=seen.append) as calls:
        assert len(await calls.ask(backend, ask("a"), n=3)) == 3
        assert len(await calls.ask(backend, ask("b"), n=3)) == 2
        assert await calls.ask(backend, ask("c"), n=3) == []
        assert texts(await calls.ask(backend, ask("a"))) == ["a 0"], "what is there stays free"
        assert (calls.stopped_by, calls.usage.calls) == ("calls", 5)
    assert [type(event).__name__ for event in seen].count("BudgetSpent") == 1


async def test_a_tight_token_budget_is_used_to_its_end(backend: Scripted) -> None:
    """The longest answer allowed would not fit; real ones do. Nobody is refused on a guess."""
    async with Calls(budget=Budget(tokens=150)) as calls:
        replies = await asyncio.gather(*(calls.ask(backend, ask(str(i))) for i in range(20)))
        assert sum(map(len, replies)) == 10
        assert calls.usage.input_tokens + calls.usage.output_tokens == 150
        assert calls.stopped_by == "tokens"


async def test_a_server_that_counts_no_tokens_reaches_the_limit_too(backend: Scripted) -> None:
    backend.reply = lambda request: Reply(text="word " * 80)
    async with Calls(budget=Budget(tokens=1000)) as calls:
        served = 0
        while await calls.ask(backend, ask(f"question {served}")):
            served += 1
        assert 3 < served < 10
        assert calls.usage == Usage(calls=served)


async def test_dollars_come_from_prices_unless_the_server_names_them(backend: Scripted) -> None:
    for prices in ({"test/model": Price(1e6, 2e6)}, {"model": Price(1e6, 2e6)}):
        async with Calls(prices=prices, budget=Budget(dollars=50)) as calls:
            replies = [await calls.ask(backend, ask(text)) for text in "abcd"]
            assert [r[0].usage.dollars for r in replies if r] == [20, 20]
            assert (calls.usage.dollars, calls.stopped_by) == (40, "dollars")
    backend.reply = lambda request: Reply(text="x", usage=Usage(dollars=7.0, input_tokens=1))
    async with Calls(prices=prices) as calls:
        (reply,) = await calls.ask(backend, ask("a"))
        assert reply.usage == Usage(calls=1, dollars=7.0, input_tokens=1)


async def test_a_dollar_budget_without_a_price_is_refused_before_the_first_call(
    backend: Scripted,
) -> None:
    async with Calls(budget=Budget(dollars=1)) as calls:
        with pytest.raises(InvalidInput, match=r"prices=\{'test/model': Price"):
            await calls.ask(backend, ask("a"))
    assert backend.asked == []


async def test_no_call_starts_when_the_seconds_are_over(backend: Scripted) -> None:
    async with Calls(budget=Budget(seconds=0)) as calls:
        assert await calls.ask(backend, ask("a")) == []
        assert calls.stopped_by == "seconds"


@pytest.mark.parametrize("status", ["unavailable", "stalled"])
async def test_a_failed_call_counts_and_is_asked_again(
    backend: Scripted, tmp_path: Path, status: Any
) -> None:
    backend.reply = lambda request: Reply(text="", status=status)
    async with Calls(journal=tmp_path / "run.db") as calls:
        for _ in range(2):
            (reply,) = await calls.ask(backend, ask("a"))
            assert reply.status == status
        assert calls.usage.calls == 2
    assert len(backend.asked) == 2
    with read_journal(tmp_path / "run.db") as reader:
        assert list(reader.heads()) == []


@pytest.mark.parametrize("status", ["length", "refusal", "empty", "malformed", "context_overflow"])
async def test_other_outcomes_are_final(backend: Scripted, status: Any) -> None:
    backend.reply = lambda request: Reply(text="", status=status)
    async with Calls() as calls:
        await calls.ask(backend, ask("a"))
        (again,) = await calls.ask(backend, ask("a"))
        assert (again.status, again.recorded) == (status, True)
    assert len(backend.asked) == 1


async def test_a_backend_that_refuses_ends_the_call_and_frees_its_room(backend: Scripted) -> None:
    backend.error = RequestRejected("wrong key", status=401)
    seen: list[Event] = []
    async with Calls(budget=Budget(calls=1), on_event=seen.append) as calls:
        errors = await asyncio.gather(
            *(calls.ask(backend, ask("a")) for _ in range(2)), return_exceptions=True
        )
        assert errors == [backend.error, backend.error]
        assert [type(event).__name__ for event in seen] == ["CallStarted", "CallFailed"]
        backend.error = None
        assert texts(await calls.ask(backend, ask("a"))) == ["a 0"]
    assert len(backend.asked) == 2


async def test_a_session_that_cannot_open_is_tried_again(backend: Scripted) -> None:
    backend.opening = BackendError("no such host")
    async with Calls(budget=Budget(calls=2)) as calls:
        outcome: list[object] = list(
            await asyncio.gather(
                *(calls.ask(backend, ask(text)) for text in "ab"), return_exceptions=True
            )
        )
        assert outcome == [backend.opening, backend.opening]
        backend.opening = None
        assert texts(await calls.ask(backend, ask("a"))) == ["a 0"]


async def test_one_session_an_identity(backend: Scripted) -> None:
    twin, other = Scripted(), Scripted(identity="elsewhere")
    async with Calls() as calls:
        await asyncio.gather(
            *(calls.ask(one, ask(str(i))) for i in range(3) for one in (backend, twin, other))
        )
    assert (backend.opened, twin.opened, other.opened) == (1, 0, 1)
    assert (backend.closed, other.closed) == (1, 1)


async def test_a_session_that_breaks_its_promise_loses_nothing(
    backend: Scripted, tmp_path: Path
) -> None:
    class Generous(Scripted):
        async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
            return await super().ask(request, n + 1)

    class Silent(Scripted):
        async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
            return (await super().ask(request, n))[:0]

    async with Calls(journal=tmp_path / "run.db") as calls:
        with pytest.raises(BackendError, match="2 replies where 1"):
            await calls.ask(Generous(), ask("a"))
        with pytest.raises(BackendError, match="0 replies where 3"):
            await calls.ask(Silent(identity="silent"), ask("a"), n=3)
        assert calls.usage.calls == 1
    with read_journal(tmp_path / "run.db") as reader:
        assert [entry.reply.text for entry in reader.entries()] == ["a 0"]


async def test_a_listener_that_raises_loses_no_reply(backend: Scripted, tmp_path: Path) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, CallFinished):
            raise RuntimeError("my mistake")

    async with Calls(journal=tmp_path / "run.db", on_event=listen) as calls:
        with pytest.raises(RuntimeError, match="my mistake"):
            await calls.ask(backend, ask("a"))
        assert calls.usage.calls == 1
        assert texts(await calls.ask(backend, ask("a"))) == ["a 0"]
    with read_journal(tmp_path / "run.db") as reader:
        assert reader.summary().usage.calls == 1


async def test_what_cannot_be_kept_is_an_error(backend: Scripted, tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "run.db"
    async with Calls(journal=path) as calls:
        other = sqlite3.connect(path)
        other.executescript(
            "CREATE TRIGGER full BEFORE INSERT ON replies "
            "BEGIN SELECT raise(ABORT, 'database or disk is full'); END"
        )
        other.close()
        with pytest.raises(JournalError, match="the disk is full; make room"):
            await calls.ask(backend, ask("a"))
        assert calls.usage.calls == 1, "it was paid for"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"label": {"a": float}}, None),
        ({"request": ChatRequest.ask("a", sampling=Sampling(extra={"x": {1}}))}, "Sampling.extra"),
    ],
)
async def test_arguments_are_checked_before_anything_is_paid(
    backend: Scripted, wrong: dict[str, Any], field: str | None
) -> None:
    arguments: dict[str, Any] = {"request": ask("a"), **wrong}
    async with Calls() as calls:
        if field is None:
            await calls.ask(backend, **arguments)
        else:
            with pytest.raises(InvalidInput) as caught:
                await calls.ask(backend, **arguments)
            assert caught.value.field == field
            assert backend.asked == []


async def test_calls_must_be_open_here(backend: Scripted) -> None:
    calls = Calls()
    with pytest.raises(InvalidInput, match="is not open"):
        await calls.ask(backend, ask("a"))
    assert calls.usage == Usage()
    async with calls:
        assert calls.is_open
        with pytest.raises(InvalidInput, match="another event loop"):
            await anyio.to_thread.run_sync(lambda: anyio.run(calls.ask, backend, ask("a")))
        with pytest.raises(InvalidInput, match="opened once"):
            await calls.__aenter__()
    assert not calls.is_open
    with pytest.raises(InvalidInput, match="was closed"):
        await calls.ask(backend, ask("a"))
    with pytest.raises(InvalidInput, match="was closed"):
        calls.note("x", {})


async def test_notes_reach_journal_and_listener(tmp_path: Path) -> None:
    seen: list[Event] = []
    async with Calls(journal=tmp_path / "run.db", on_event=seen.append) as calls:
        calls.note("mine", {"winner": "a"})
        for kind in ("comparison", "selection"):
            with pytest.raises(InvalidInput, match="choose another name") as caught:
                calls.note(kind, {"winner": "a"})
            assert caught.value.field == "kind"
    with read_journal(tmp_path / "run.db") as reader:
        assert [(note.kind, note.body) for note in reader.notes()] == [("mine", {"winner": "a"})]
    assert [type(event).__name__ for event in seen] == ["Noted"]


async def test_trouble_at_closing_is_told(backend: Scripted) -> None:
    backend.closing = OSError("line cut")
    with pytest.raises(OSError, match="line cut"):
        async with Calls() as calls:
            await calls.ask(backend, ask("a"))

    async def fail() -> None:
        async with Calls() as calls:
            await calls.ask(backend, ask("a"))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        await fail()
    assert caught.value.__notes__ == ["and closing the calls failed: line cut"]


async def test_list_prices_are_filled_in() -> None:
    pytest.importorskip("genai_prices")
    backend = Scripted(name="openai/gpt-5-mini")
    async with Calls() as calls:
        (reply,) = await calls.ask(backend, ask("a"))
        assert 0 < reply.usage.dollars < 0.001


def test_nothing_happens_before_opening(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Calls(journal=tmp_path / "run.db", trace=tmp_path / "trace.jsonl")
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []
