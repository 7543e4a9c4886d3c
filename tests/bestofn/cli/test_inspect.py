"""``bestofn inspect`` on journals that real runs wrote."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import pytest

from bestofn import Calls, Candidate, LLMJudge, Problem, aselect
from bestofn.chat import ChatRequest, Reply
from bestofn.cli.recorded import calls_of, comparisons
from bestofn.journal import Journal, read_journal
from bestofn.testing import ScriptedBackend
from bestofn.tournaments import RandomPairs

PROBLEM = Problem(id="p", statement="Say it.")


class Run(Protocol):
    def __call__(self, *arguments: object) -> CompletedProcess[str]: ...


def pair(first: str = "a", second: str = "b") -> list[Candidate]:
    return [
        Candidate(id=first, code="x = 1", kind="answer"),
        Candidate(id=second, code="x = 2", kind="answer"),
    ]


class Numbered(ScriptedBackend):
    """A model that says which draw it answers; later draws are answered first."""

    def __init__(self) -> None:
        super().__init__(self._number, name="scripted/numbered", identity="numbered")

    async def _number(self, request: ChatRequest) -> str:
        import anyio

        await anyio.sleep(0.02 * (20 - request.sample) / 20)
        return f"Draw {request.sample}. <selection>{1 + request.sample // 2 % 2}</selection>"


@pytest.mark.anyio
async def test_a_comparison_has_the_calls_of_its_own_draw(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    three = [*pair(), Candidate(id="c", code="x = 3", kind="answer")]
    judge = LLMJudge(Numbered(), tournament=RandomPairs(rounds=24))
    for seed in (0, 0, 1):
        async with Calls(journal=path) as calls:
            await aselect(PROBLEM, three, judge=judge, seed=seed, calls=calls)
    with read_journal(path) as reader:
        found = list(comparisons(reader))
        assert len(found) == 72
        of_run: dict[int, set[int]] = {}
        for one in found:
            (call,) = calls_of(reader, one)
            assert call.reply.text == one.reasoning
            assert list(one.shown) == call.label["shown"]
            assert call.run == (3 if one.note.run == 3 else 1)
            seen = of_run.setdefault(one.note.run, set())
            assert call.id not in seen
            seen.add(call.id)


@pytest.mark.anyio
async def test_equal_replies_are_told_apart_by_order(tmp_path: Path) -> None:
    three = [*pair(), Candidate(id="c", code="x = 3", kind="answer")]
    backend = ScriptedBackend(lambda request: "<selection>1</selection>")
    judge = LLMJudge(backend, tournament=RandomPairs(rounds=24))
    async with Calls(journal=tmp_path / "run.db") as calls:
        await aselect(PROBLEM, three, judge=judge, calls=calls)
    with read_journal(tmp_path / "run.db") as reader:
        found = [calls_of(reader, one) for one in comparisons(reader)]
    assert len({calls[0].id for calls in found}) == len(found) == 24


@pytest.mark.anyio
async def test_second_attempts_and_replies_that_never_came(tmp_path: Path, bestofn: Run) -> None:
    down = Reply(text="", status="unavailable", error="down")
    for name, replies, kept in (
        ("again", ["Hm.", "<selection>2</selection>"], ["Hm.", "<selection>2</selection>"]),
        ("down", [down], []),
        ("both", ["Hm.", down], ["Hm."]),
    ):
        path = tmp_path / f"{name}.db"
        backend = ScriptedBackend(replies)  # type: ignore[arg-type]
        async with Calls(journal=path) as calls:
            await aselect(PROBLEM, pair(), judge=LLMJudge(backend), calls=calls)
        with read_journal(path) as reader:
            (made,) = comparisons(reader)
            assert [call.reply.text for call in calls_of(reader, made)] == kept
        shown = bestofn("inspect", path, "--comparison", made.note.id)
        assert shown.returncode == 0, shown.stderr
        assert ("not in the journal" in shown.stdout) == (len(kept) < len(replies))


@pytest.mark.anyio
async def test_notes_of_others_are_passed_over(tmp_path: Path, bestofn: Run) -> None:
    path = tmp_path / "run.db"
    backend = ScriptedBackend(lambda request: "<selection>1</selection>")
    foreign: list[dict[str, Any]] = [
        {"mine": 1},
        {"problem": "p"},
        {"problem": "p", "judge": "j", "comparison": {"shown": 3}},
        {"problem": ["p"], "selection": None},
    ]
    async with Calls(journal=path) as calls:
        await aselect(PROBLEM, pair(), judge=LLMJudge(backend), calls=calls)
    journal = Journal(path)
    for kind in ("comparison", "selection", "own"):
        for body in foreign:
            journal.note(kind, body)
    journal.close()
    overview = bestofn("inspect", path)
    assert overview.returncode == 0, overview.stderr
    assert overview.stdout.count(" against ") == 1
    assert "p: chose" in overview.stdout
    listed = json.loads(bestofn("inspect", path, "--json").stdout)
    assert len([note for note in listed["notes"] if note["kind"] == "own"]) == len(foreign)
    number = next(n["id"] for n in listed["notes"] if n["body"] == {"mine": 1})
    assert bestofn("inspect", path, "--comparison", number).returncode == 2


@pytest.mark.anyio
async def test_numbers_that_do_not_exist(tmp_path: Path, bestofn: Run) -> None:
    path = tmp_path / "run.db"
    async with Calls(journal=path):
        pass
    for option, what in (("--call", "call"), ("--comparison", "comparison")):
        done = bestofn("inspect", path, option, 99)
        assert done.returncode == 2
        said = f"error: {option}: {path} holds no {what} of the number 99\n"
        assert done.stderr == said
    assert os.listdir(tmp_path) == ["run.db"], "looking in leaves no files behind"


@pytest.mark.anyio
async def test_what_steers_a_terminal_is_shown_not_obeyed(tmp_path: Path, bestofn: Run) -> None:
    path = tmp_path / "run.db"
    backend = ScriptedBackend(
        lambda request: "\x1b]0;owned\x07\x1b[2Jhello \x9b31m <selection>1</selection>"
    )
    problem = Problem(id="p\x1b[1m", statement="Say\x1b[5m it.")
    async with Calls(journal=path) as calls:
        candidates = pair("[/b]x", "b\x1b[31m")
        await aselect(problem, candidates, judge=LLMJudge(backend), calls=calls)
    with read_journal(path) as reader:
        number = next(comparisons(reader)).note.id
    for options in ((), ("--call", 1), ("--comparison", number)):
        done = bestofn("inspect", path, *options)
        assert done.returncode == 0, done.stderr
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stdout)
    assert "⟨U+001B⟩]0;owned⟨U+0007⟩⟨U+001B⟩[2Jhello ⟨U+009B⟩31m <selection>1" in done.stdout
    assert "[/b]x" in done.stdout
