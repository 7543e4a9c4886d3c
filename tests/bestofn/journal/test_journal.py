from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bestofn.chat import ChatRequest, Reply
from bestofn.errors import InvalidInput, JournalError
from bestofn.journal import Call, Journal, keys_of, read_journal
from bestofn.journal.files import APPLICATION
from bestofn.types import Usage

pytestmark = pytest.mark.anyio


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    try:
        yield opened
    finally:
        opened.close()


def call(text: str, reply: Reply | None = None, purpose: str = "judge") -> Call:
    ((key, request),) = keys_of("server m", ChatRequest.ask(text))
    return Call(
        key=key,
        request=request,
        backend="openai/m",
        identity="server m",
        purpose=purpose,
        label=b'{"problem":"p"}',
        reply=reply or Reply(text=f"re: {text}", usage=Usage(calls=1, input_tokens=3, dollars=0.5)),
    )


async def test_what_was_put_is_there_for_this_and_the_next_opening(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    asked = call("lone \ud800 and \x00")
    with journal(path) as first:
        assert first.get(asked.key) is None
        await first.put([asked])
        assert first.get(asked.key) == _recorded(asked.reply)
    assert os.listdir(tmp_path) == ["run.db"], "one file to copy"
    with journal(path) as second:
        assert second.run == 2
        assert second.get(asked.key) == _recorded(asked.reply)


def _recorded(reply: Reply) -> Reply:
    from dataclasses import replace

    return replace(reply, recorded=True)


async def test_a_done_put_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with journal(path) as opened:
        puts = [opened.put([call(str(i))]) for i in range(100)]
        await puts[0]
        other = sqlite3.connect(path)
        seen = other.execute("SELECT count(*) FROM replies").fetchone()[0]
        assert seen >= 1
        await asyncio.gather(*puts)
        assert other.execute("SELECT count(*) FROM replies").fetchone()[0] == 100
        other.close()


async def test_replies_that_arrive_together_share_a_transaction(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with journal(path) as opened:
        statements: list[str] = []
        opened._writer.set_trace_callback(statements.append)
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        puts = [opened.put([call(str(i))]) for i in range(500)]
        blocker.execute("ROLLBACK")
        blocker.close()
        await asyncio.gather(*puts)
        assert statements.count("COMMIT") <= 2


async def test_what_is_no_answer_is_not_kept_and_the_first_answer_stays(tmp_path: Path) -> None:
    with journal(tmp_path / "run.db") as opened:
        for status in ("unavailable", "stalled"):
            asked = call(status, Reply(text="", status=status))
            await opened.put([asked])
            assert opened.get(asked.key) is None
        await opened.put([call("a", Reply(text="one"))])
        await opened.put([call("a", Reply(text="two"))])
        kept = opened.get(call("a").key)
        assert kept is not None
        assert kept.text == "one"


async def test_looking_into_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with journal(path) as opened:
        await opened.put([call(f"q{i}") for i in range(600)])
        await opened.put([call("s", Reply(text="", status="refusal"), purpose="sample \ud800")])
        opened.note("comparison", {"winner": "a", "text": "\x00\ud800"})
        opened.note("selection", {"best": "a"})
    with read_journal(path) as reader:
        summary = reader.summary()
        assert summary.usage == Usage(calls=600, input_tokens=1800, dollars=300.0)
        assert [(t.purpose, t.status, t.usage.calls) for t in summary.tallies] == [
            ("judge", "ok", 600),
            ("sample \ud800", "refusal", 0),
        ]
        assert summary.notes == {"comparison": 1, "selection": 1}
        assert [run.id for run in summary.runs] == [1]
        heads = list(reader.heads())
        assert [head.id for head in heads] == list(range(1, 602))
        assert heads[0].label == {"problem": "p"}
        assert heads[0].backend == "openai/m"
        assert len(list(reader.heads(purpose="sample \ud800"))) == 1
        assert list(reader.heads(run=2)) == []
        entry = reader.entry(7)
        assert entry.request == ChatRequest.ask("q6")
        assert entry.reply.text == "re: q6"
        assert entry.identity == "server m"
        assert [e.request for e in reader.entries()][:1] == [ChatRequest.ask("q0")]
        (note,) = reader.notes(kind="comparison")
        assert note.body == {"winner": "a", "text": "\x00\ud800"}
        with pytest.raises(InvalidInput, match="no call of the number 999"):
            reader.entry(999)


async def test_a_note_that_is_not_json_is_refused(tmp_path: Path) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    with journal(tmp_path / "run.db") as opened, pytest.raises(InvalidInput, match="JSON"):
        opened.note("x", circle)


def _not_sqlite(path: Path) -> None:
    path.write_text("these are my notes, not a database\n" * 100)


def _foreign(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    other.close()


def _newer(path: Path) -> None:
    Journal(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 7")
    other.close()


def _damaged(path: Path) -> None:
    Journal(path).close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_not_sqlite, "is not a journal; name another file"),
        (_foreign, "another program's database; name another file"),
        (_newer, "newer version of bestofn .format 7, this one knows 1.; update"),
        (_damaged, "is damaged; move it away"),
        (Path.mkdir, "is a folder; name a file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "run.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(JournalError, match=words) as caught:
        Journal(path)
    assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_missing_folder_and_a_missing_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="its folder must exist"):
        Journal(tmp_path / "none" / "run.db")
    with pytest.raises(JournalError, match="no such file"), read_journal(tmp_path / "run.db"):
        pass
    (tmp_path / "empty.db").touch()
    with pytest.raises(JournalError, match="is empty"), read_journal(tmp_path / "empty.db"):
        pass
    Journal(tmp_path / "empty.db").close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_file_that_may_not_be_written() -> None:
    """In a process of a user without rights: root may write everything."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        Journal(path).close()
        path.chmod(0o444)
        Path(folder).chmod(0o755)
        code = (
            "import os, sys\n"
            "from bestofn.journal import Journal\n"
            "from bestofn.errors import JournalError\n"
            "os.setuid(65534)\n"
            "try:\n    Journal(sys.argv[1])\n"
            "except JournalError as error:\n    print(error)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
    assert f"journal {path}: cannot be written; allow it" in result.stdout


def test_looking_in_leaves_no_files_behind(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    Journal(path).close()
    link = tmp_path / "link.db"
    link.symlink_to(path)
    before = path.read_bytes()
    for name in (path, link):
        with read_journal(name) as reader:
            assert len(reader.summary().runs) == 1
        assert sorted(tmp_path.iterdir()) == [link, path]
    assert path.read_bytes() == before


async def test_looking_in_while_a_run_writes_leaves_its_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with journal(path) as writer:
        await writer.put([call("a")])
        beside = sorted(os.listdir(tmp_path))
        with read_journal(path) as reader:
            assert len(list(reader.heads())) == 1
            await writer.put([call("b")])
            assert len(list(reader.heads())) == 2
        assert sorted(os.listdir(tmp_path)) == beside
        await writer.put([call("c")])
    with read_journal(path) as reader:
        assert len(list(reader.heads())) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_a_journal_in_a_place_that_may_not_be_written_can_be_read(mode: int) -> None:
    import tempfile

    code = (
        "import os, sys\n"
        "from bestofn.journal import read_journal\n"
        "from bestofn.errors import JournalError\n"
        "os.setuid(65534)\n"
        "try:\n"
        "    with read_journal(sys.argv[1]) as reader:\n        print(len(reader.summary().runs))\n"
        "except JournalError as error:\n    print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        Journal(path).close()
        path.chmod(mode)
        Path(folder).chmod(0o755)
        command = [sys.executable, "-c", code, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert result.stdout == "1\n"
        assert [entry.name for entry in Path(folder).iterdir()] == ["run.db"]
        # What a killed run left unfolded would be passed over: better say so than show a part.
        (Path(folder) / "run.db-wal").write_bytes(b"x")
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "cannot be" in result.stdout


async def test_a_write_that_fails_is_told_to_who_waits(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    opened = Journal(path)
    other = sqlite3.connect(path)
    other.execute("DROP TABLE replies")
    other.execute("DROP TABLE notes")
    other.commit()
    other.close()
    with pytest.raises(JournalError, match=r"run\.db"):
        await opened.put([call("a")])
    opened.note("x", {})
    with pytest.raises(JournalError, match=r"run\.db"):
        opened.close()
    opened.close()


_PROCESS = """
import asyncio, sys
from bestofn.chat import ChatRequest, Reply
from bestofn.journal import Call, Journal, keys_of

async def main(path, name):
    journal = Journal(path)
    for i in range(60):
        ((key, request),) = keys_of("m", ChatRequest.ask(f"{name if i % 2 else 'both'} {i}"))
        await journal.put([Call(key=key, request=request, backend="m", identity="m",
                                purpose="judge", label=b"{}", reply=Reply(text=f"{name} {i}"))])
        assert journal.get(key) is not None
        journal.note("n", {"i": i})
    journal.close()

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


def test_several_processes_may_make_and_use_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(path), f"p{number}"], stderr=subprocess.PIPE
        )
        for number in range(4)
    ]
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert other.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    other.close()
    with read_journal(path) as reader:
        assert len(list(reader.entries())) == 30 + 4 * 30
        assert len(list(reader.notes())) == 4 * 60
        assert len(reader.summary().runs) == 4


async def test_a_put_costs_little(tmp_path: Path) -> None:
    """Processor time of a call in a batch, writer included; the promise is 0.1 ms."""
    prompt = "def solve():\n    return 'é'\n" * 250  # 7 KB
    with journal(tmp_path / "run.db") as opened:
        best = float("inf")
        for attempt in range(5):
            before = time.process_time()
            puts = [
                opened.put([call(f"{prompt}{attempt} {i}", Reply(text="why " * 500))])
                for i in range(256)
            ]
            await asyncio.gather(*puts)
            best = min(best, (time.process_time() - before) / 256)
    assert best < 0.0003, f"{best * 1e6:.0f} us"  # thrice the promise: machines are shared
