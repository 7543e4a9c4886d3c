"""Runs that are ended by SIGKILL at random points and repeated."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bestofn.journal import read_journal

KILLS = 50
Draw = tuple[str, int]


@dataclass
class Attempt:
    """One run of the process, and what is to happen to it.

    Attributes:
        journal: Its journal.
        kill_after: The event at which it is killed: a question that arrived, an answer that
            was sent, or one that was read.
        block_after: The event from which on the journal's lock is held as another process
            would hold it, so that replies arrive which cannot be committed.
        turns: Of the server's loop, from that event to the kill.
        asked: What it asked for.
        killed: Whether it was killed; its number is never used again then.
    """

    journal: Path
    kill_after: int | None = None
    block_after: int | None = None
    turns: int = 0
    asked: list[Draw] = field(default_factory=list)
    killed: bool = False
    events: int = 0
    under_way: int = 0
    blocker: sqlite3.Connection | None = None

    async def event(self, pid: int) -> None:
        """Count one event and do what was planned for it."""
        self.events += 1
        if self.events == self.block_after:
            self.blocker = sqlite3.connect(
                self.journal, isolation_level=None, check_same_thread=False
            )
            self.blocker.execute("BEGIN IMMEDIATE")
        if self.events == self.kill_after:
            await self.kill(pid)

    async def kill(self, pid: int) -> None:
        """End the process, once."""
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if not self.killed:
            self.killed = True
            os.kill(pid, signal.SIGKILL)


class Server:
    """Answers each question after a random number of turns of its loop."""

    def __init__(self, seed: int) -> None:
        self.port = 0
        self.attempt = Attempt(Path())
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    @contextmanager
    def serving(self) -> Iterator[Server]:
        self._thread.start()
        self._ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._answer, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempt = self.attempt
        attempt.under_way += 1
        pid = 0
        try:
            question = json.loads(await reader.readline())
            first, prompt, pid = question["sample"], question["prompt"], question["pid"]
            draws = [(prompt, first + i) for i in range(question["n"])]
            attempt.asked += draws
            await attempt.event(pid)
            for _ in range(self._random.randrange(600)):
                await asyncio.sleep(0)
            answers = [hashlib.sha256(repr(draw).encode()).hexdigest()[:20] for draw in draws]
            writer.write(json.dumps(answers).encode() + b"\n")
            await writer.drain()
            await attempt.event(pid)
            await reader.read()
            await attempt.event(pid)
        except (ConnectionError, json.JSONDecodeError):
            assert attempt.killed, "the other end went away by itself"
        finally:
            attempt.under_way -= 1
            writer.close()
        if attempt.blocker is not None and not attempt.under_way:
            await attempt.kill(pid)  # it waits for its journal: no event would come any more


def test_no_committed_call_is_paid_again_and_the_result_is_the_same(tmp_path: Path) -> None:
    chance = random.Random(20260)
    starter = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "killed_job.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    orders, reports = starter.stdin, starter.stdout
    assert orders is not None
    assert reports is not None
    with Server(seed=7).serving() as server, starter:  # leaving closes the starter's input

        def run(attempt: Attempt) -> str | None:
            """The run's result, or None when it was killed."""
            server.attempt = attempt
            orders.write(f"{attempt.journal} {attempt.journal}.used {server.port}\n")
            first = reports.readline().strip()
            if attempt.blocker is not None:
                attempt.blocker.close()
            if first.startswith("["):
                assert reports.readline() == "ended 0\n"
                return first
            assert first == f"ended {int(signal.SIGKILL)}"
            assert attempt.killed
            return None

        alone = Attempt(tmp_path / "whole.db")
        expected = run(alone)
        assert expected is not None
        whole = set(alone.asked)
        assert len(whole) == len(alone.asked) == 41

        kills = asked_twice = halfway = 0
        while kills < KILLS:
            journal = tmp_path / f"{kills}.db"
            committed: set[Draw] = set()
            asked_before: set[Draw] = set()
            result = None
            while result is None:
                attempt = Attempt(journal)
                if kills < KILLS:
                    attempt.kill_after = chance.randint(1, 60)
                    attempt.turns = chance.choice([0, 10, 100, 300, 1000])
                    if chance.random() < 0.5:
                        attempt.block_after = chance.randint(1, attempt.kill_after)
                result = run(attempt)
                assert not committed.intersection(attempt.asked), "committed, and asked again"
                assert len(attempt.asked) == len(set(attempt.asked))
                asked_twice += len(asked_before.intersection(attempt.asked))
                asked_before.update(attempt.asked)
                committed = read_committed(journal)
                assert used(journal) <= committed, "used before it was committed"
                kills += result is None
                halfway += result is None and 0 < len(committed) < len(whole)
            assert result == expected
            assert committed == whole == asked_before
        assert asked_twice > 0, "no kill met a call under way: the test is too kind"
        assert halfway > 10, "few kills met a journal in the making: the test is too kind"
    assert starter.returncode == 0


def read_committed(journal: Path) -> set[Draw]:
    if not journal.exists():
        return set()
    with read_journal(journal) as reader:
        return {(e.request.messages[0].content, e.request.sample) for e in reader.entries()}


def used(journal: Path) -> set[Draw]:
    path = Path(f"{journal}.used")
    if not path.exists():
        return set()
    lines = path.read_text().splitlines()
    return {(prompt, int(sample)) for prompt, sample in (line.split() for line in lines)}
