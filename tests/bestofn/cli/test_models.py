"""Commands that ask models, against the loopback server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Protocol

import pytest

from bestofn.journal import read_journal
from bestofn.testing import FaultyServer, either, judging, programming

KEY = "sk-secret-of-the-user"
RIGHT = "a, b = map(int, input().split())\nprint(a + b)\n"
WRONG = "a, b = map(int, input().split())\nprint(a - b)\n"
ODD = "a, b = map(int, input().split())\nprint(a * b)\n"


class Run(Protocol):
    def __call__(self, *arguments: object) -> CompletedProcess[str]: ...


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = either(judging("right", right=[RIGHT]), programming([WRONG, RIGHT, ODD]))
    with FaultyServer(answer=model, api_key=KEY).in_process() as server:
        yield server


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A problem without tests, so that the judge has to decide."""
    (tmp_path / "problem.json").write_text(
        json.dumps({"id": "sum", "statement": "Print the sum of the two numbers A B."})
    )
    folder = tmp_path / "candidates"
    folder.mkdir()
    for name, code in (("minus", WRONG), ("plus", RIGHT), ("times", ODD)):
        (folder / f"{name}.py").write_text(code)
    return tmp_path


def select(sums: Path, server: FaultyServer) -> list[object]:
    return [
        *("select", "--problem", sums / "problem.json", "--candidates", sums / "candidates"),
        *("--judge", "openai/any", "--base-url", server.url),
    ]


def test_a_model_judges_and_the_journal_is_not_paid_twice(
    bestofn: Run, sums: Path, server: FaultyServer
) -> None:
    command = [*select(sums, server), "--tournament", "round-robin", "--swap", "both"]
    command += ["--journal", sums / "run.db", "--trace", sums / "trace.jsonl", "--json"]
    first = bestofn(*command)
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    assert found["best"]["id"] == "plus"
    assert found["usage"]["calls"] == server.count == 6
    assert "6 replies from models" in first.stderr
    again = bestofn(*command)
    assert server.count == 6
    assert "6 from the journal" in again.stderr
    assert json.loads(again.stdout)["best"] == found["best"]
    for text in (first.stdout, first.stderr, (sums / "trace.jsonl").read_text()):
        assert KEY not in text
    assert KEY.encode() not in (sums / "run.db").read_bytes()


def test_inspect_shows_what_was_asked_and_paid(
    bestofn: Run, sums: Path, server: FaultyServer
) -> None:
    command = [*select(sums, server), "--journal", sums / "run.db", "--rounds", 4]
    for _ in range(2):
        assert bestofn(*command).returncode == 0
    overview = bestofn("inspect", sums / "run.db")
    assert overview.returncode == 0, overview.stderr
    assert "openai/any" in overview.stdout
    assert overview.stdout.count(" against ") == 4, "a repeated run is listed once"
    assert "sum: chose plus by openai/any" in overview.stdout
    call = bestofn("inspect", sums / "run.db", "--call", 1)
    assert "Print the sum of the two numbers" in call.stdout
    assert "<selection>" in call.stdout
    with read_journal(sums / "run.db") as reader:
        number = next(iter(reader.notes(kind="comparison"))).id
    comparison = bestofn("inspect", sums / "run.db", "--comparison", number)
    assert "[reply]" in comparison.stdout
    listed = json.loads(bestofn("inspect", sums / "run.db", "--json").stdout)
    assert listed["summary"]["usage"]["calls"] == server.count
    missing = bestofn("inspect", sums / "other.db")
    assert missing.returncode == 2
    assert "other.db" in missing.stderr


def test_a_budget_ends_the_tournament_with_the_best_so_far(
    bestofn: Run, sums: Path, server: FaultyServer
) -> None:
    done = bestofn(*select(sums, server), "--rounds", 8, "--max-calls", 3, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["stopped_by"] == "calls"
    assert found["usage"]["calls"] == server.count == 3


def test_dollars_need_a_price(bestofn: Run, sums: Path, server: FaultyServer) -> None:
    command = [*select(sums, server), "--max-dollars", 1]
    unknown = bestofn(*command)
    assert unknown.returncode == 2
    assert "--price IN,OUT" in unknown.stderr
    assert "prices=" in unknown.stderr
    assert server.count == 0
    known = bestofn(*command, "--price", "1,2", "--json")
    assert known.returncode == 0, known.stderr
    usage = json.loads(known.stdout)["usage"]
    expected = (usage["input_tokens"] + 2 * usage["output_tokens"]) / 1e6
    assert usage["dollars"] == pytest.approx(expected)
    assert bestofn(*command, "--price", "cheap").returncode == 2


def test_run_draws_and_chooses(bestofn: Run, sums: Path, server: FaultyServer) -> None:
    done = bestofn(
        *("run", "--problem", sums / "problem.json", "--policy", "openai/any", "--n", 6),
        *("--judge", "openai/any", "--base-url", server.url, "--save", sums / "drawn", "--json"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["best"]["code"].strip() == RIGHT.strip()
    assert (sums / "drawn" / "best.py").read_text().strip() == RIGHT.strip()
    assert len(list((sums / "drawn").glob("*.py"))) == 7
    assert found["usage"]["calls"] >= 7


def test_a_wrong_key_says_what_to_do(
    bestofn: Run, sums: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some-other-key")
    done = bestofn(*select(sums, server))
    assert done.returncode == 5
    assert "OPENAI_API_KEY" in done.stderr
    assert "sk-some-other-key" not in done.stderr
    absent = bestofn(*select(sums, server), "--key-from", "NO_SUCH_KEY")
    assert absent.returncode == 2
    assert "NO_SUCH_KEY" in absent.stderr


def test_settings_that_a_server_does_not_take_are_said(
    bestofn: Run, sums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    answer = judging("longest")
    with FaultyServer(answer=answer, refuses=["top_k"]).in_process() as poor:
        done = bestofn(*select(sums, poor), "--rounds", 2)
    assert done.returncode == 0, done.stderr
    assert "openai/any does not take: top_k" in done.stderr


def test_judges_by_model_in_a_benchmark(bestofn: Run, tmp_path: Path, server: FaultyServer) -> None:
    command = ["bench", "demo", "--limit", 2, "--judge", "openai/any", "--base-url", server.url]
    command += ["--journal", tmp_path / "run.db", "--rounds", 2, "--json"]
    done = bestofn(*command)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["groups"][-1]["rows"]
    assert "openai/any" in [row["selector"] for row in rows]
    count = server.count
    assert bestofn(*command).returncode == 0
    assert server.count == count


def test_a_killed_run_goes_on_where_it_was(sums: Path, server: FaultyServer) -> None:
    """The real thing: a process that is killed while replies are under way."""
    arguments = [*select(sums, server), "--tournament", "round-robin", "--swap", "both"]
    arguments += ["--journal", sums / "run.db", "--json"]
    command = [sys.executable, "-m", "bestofn.cli", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.count == 0 and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    with read_journal(sums / "run.db") as reader:
        committed = reader.summary().usage.calls
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["best"]["id"] == "plus"
    assert f"{6 - committed} replies from models" in done.stderr, "nothing is paid twice"
    assert not committed or f"{committed} from the journal" in done.stderr


def test_a_benchmark_names_the_limit_that_ended_selections(
    bestofn: Run, server: FaultyServer
) -> None:
    command = ["bench", "demo", "--limit", 2, "--judge", "openai/any", "--base-url", server.url]
    done = bestofn(*command, "--max-calls", 0)
    assert done.returncode == 0, done.stderr
    assert "openai/any: the limit on calls ended" in done.stdout
    assert "time limit ended" not in done.stdout


@pytest.mark.parametrize(
    "option",
    [
        ("--tournament", "knockout"),
        ("--rounds", "3"),
        ("--swap", "both"),
        ("--evidence", "tests"),
        ("--template", "mine.jinja2"),
        ("--base-url", "http://127.0.0.1:9"),
    ],
)
def test_options_of_models_are_refused_where_none_judges(
    bestofn: Run, sums: Path, server: FaultyServer, option: tuple[str, str]
) -> None:
    said = f"error: {option[0]}: is for models"
    files = ("--problem", sums / "problem.json")
    select = ("select", *files, "--candidates", sums / "candidates", "--judge", "consensus")
    bench = ("bench", "demo", "--limit", 1, "--judge", "first", "--judge", "random")
    commands: list[tuple[object, ...]] = [select, bench]
    if option[0] != "--base-url":  # it is where the policy is
        url = ("--base-url", server.url)
        commands.append(("run", *files, "--policy", "openai/any", "--judge", "majority", *url))
    for command in commands:
        done = bestofn(*command, *option)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert server.count == 0


def test_a_benchmark_may_have_judges_of_both_kinds(bestofn: Run, server: FaultyServer) -> None:
    done = bestofn(
        *("bench", "demo", "--limit", 1, "--judge", "first", "--judge", "openai/any"),
        *("--base-url", server.url, "--rounds", 1),
    )
    assert done.returncode == 0, done.stderr


def test_code_that_steers_a_terminal_is_printed_visibly(
    bestofn: Run, sums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    program = 'print("\x1b]0;owned\x07")'
    with FaultyServer(answer=programming([program])).in_process() as server:
        done = bestofn(
            *("run", "--problem", sums / "problem.json", "--policy", "openai/any", "--n", 1),
            *("--base-url", server.url),
        )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert 'print("⟨U+001B⟩]0;owned⟨U+0007⟩")' in done.stdout
