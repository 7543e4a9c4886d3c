"""Rollouts over real HTTP: rows, counts, budgets, and runs that are killed and repeated."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from bestofn_training.data import (
    JudgeInput,
    Labelled,
    Preference,
    RandomSplit,
    Target,
    build,
    check_rows,
    read_card,
    read_rows,
)
from bestofn_training.errors import BadInput, BadRow
from bestofn_training.rollout import (
    Pairing,
    Rewards,
    RolloutSettings,
    rollout,
    rollout_file,
)

from bestofn import Budget, Calls, Sampling
from bestofn.backends import OpenAIBackend, VLLMBackend
from bestofn.benchmarks import shipped
from bestofn.errors import RequestRejected
from bestofn.journal import read_journal
from bestofn.testing import Choice, FaultyServer, faults

ENVIRONMENT = {**os.environ, "OPENAI_API_KEY": "none"}
WHOLE = ("preferences", "kto", "sft", "replies")


def lottery(received, index: int):
    """A judge whose verdict is a matter of the prompt and the choice's number alone."""
    digest = hashlib.sha256(f"{received.prompt} {index}".encode()).digest()
    match digest[0] % 5:
        case 0:
            return f"I cannot tell ({index})."
        case 1:
            return Choice(text="<selection>1</selection>", reasoning=f"Some thought {index}")
        case kind:
            return f"Step {index}.\n<selection>{kind % 2 + 1}</selection>"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    build([shipped.load(limit=6)], RandomSplit(), folder)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {kind: rollout_file(folder, "lower", kind).read_bytes() for kind in WHOLE}


def test_rows_of_every_kind_and_the_card(data, tmp_path):
    settings = RolloutSettings(n=6, sampling=Sampling(max_tokens=99), at_once=5)
    with FaultyServer(answer=lottery).in_process() as server:
        backend = VLLMBackend("judge", base_url=server.url)
        part = rollout(data / "lower.jsonl", backend, tmp_path, settings=settings)
        assert server.repeated == 0
        assert server.most_in_flight <= 5
        bodies = [received.body for received in server.requests]
    inputs = [row for _, row in read_rows(data / "lower.jsonl", JudgeInput)]
    assert len(bodies) == len(inputs) == part["inputs"] == part["asked"]
    assert {body["messages"][0]["content"] for body in bodies} == {
        row.prompt[0].content for row in inputs
    }
    assert {(body["n"], body["max_tokens"]) for body in bodies} == {(6, 99)}

    preferences = [
        row for _, row in read_rows(rollout_file(tmp_path, "lower", "preferences"), Preference)
    ]
    by_id = {row.id: row for row in inputs}
    for row in preferences:
        source = by_id[row.id.rpartition(":")[0]]
        right = f"<selection>{source.right[0]}</selection>"
        assert row.chosen[0].content.endswith(right)
        assert not row.rejected[0].content.endswith(right)
        assert (row.prompt, row.domain, row.problem_id) == (
            source.prompt, source.domain, source.problem_id
        )  # fmt: skip
    assert any("<think>\nSome thought" in row.rejected[0].content for row in preferences)
    assert any("I cannot tell" in row.rejected[0].content for row in preferences)
    counts = {
        kind: check_rows(rollout_file(tmp_path, "lower", kind), row)
        for kind, row in (("preferences", Preference), ("kto", Labelled), ("sft", Target))
    }
    assert counts["preferences"] * 2 == counts["kto"] == counts["sft"] * 2
    assert counts == {kind: part["rows"][kind] for kind in counts}

    replies = [json.loads(line) for line in read(tmp_path)["replies"].splitlines()]
    assert [row["id"] for row in replies] == [row.id for row in inputs]
    levels = [reply["level"] for row in replies for reply in row["replies"]]
    assert part["replies"] == {
        "right": levels.count("right"),
        "wrong": levels.count("wrong"),
        "format_error": levels.count("format_error"),
        "unanswered": 0,
    }
    assert sum(part["replies"].values()) == 6 * len(inputs)
    assert part["format_errors"] == {"no verdict": levels.count("format_error")}
    assert part["retained"] + sum(part["dropped"].values()) == len(inputs)
    domains = part["retention"]["domains"].values()
    assert sum(row["retained"] for row in domains) == part["retained"]

    card = read_card(tmp_path)
    assert card["rollouts"]["lower"] == json.loads(json.dumps(part))
    assert card["sides"] == read_card(data)["sides"]
    assert part["inputs_sha256"] == card["sides"]["lower"]["sha256"]
    assert "## Rollout of lower" in (tmp_path / "card.md").read_text()


def test_inputs_without_both_kinds_are_dropped_and_counted(data, tmp_path):
    with FaultyServer(answer="<selection>1</selection>").in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        part = rollout(data / "upper.jsonl", backend, tmp_path, settings=RolloutSettings(n=2))
    half = part["inputs"] // 2  # both orders: the first place is right in one of them
    assert part["dropped"] == {"every reply is right": half, "no right reply": half}
    assert part["rows"] == {"preferences": 0, "kto": 0, "sft": 0, "replies": 2 * half}
    assert part["unused"] == {"the same words as an earlier reply": 2 * half}


def test_rewards_that_are_set_and_replies_that_never_come(data, tmp_path):
    settings = RolloutSettings(n=1, rewards=Rewards(right=2, wrong=0.5, format_error=-3))
    inputs = [row for _, row in read_rows(data / "lower.jsonl", JudgeInput)]
    steps = (faults.context_overflow(), faults.empty(), faults.cut_off("I ran out of"))
    odd = {row.prompt[0].content: step for row, step in zip(inputs, steps, strict=False)}

    def script(received):
        return odd.get(received.prompt)

    with FaultyServer(script, answer="<selection>2</selection>").in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        part = rollout(data / "lower.jsonl", backend, tmp_path, settings=settings)
    assert part["replies"]["unanswered"] == 1
    assert part["replies"]["format_error"] == 2
    assert part["dropped"]["longer than the model's context"] == 1
    assert part["unused"] == {"empty": 1}
    rewards = {
        reply["reward"]
        for line in read(tmp_path)["replies"].splitlines()
        for reply in json.loads(line)["replies"]
    }
    assert rewards == {2, 0.5, -3, None}


def test_a_budget_ends_a_run_which_goes_on_with_a_larger_one(data, tmp_path):
    settings = RolloutSettings(n=4)
    journal = tmp_path / "journal"
    with FaultyServer(answer=lottery).in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)

        def run(budget: Budget):
            calls = Calls(journal=journal, budget=budget)
            return rollout(data / "lower.jsonl", backend, tmp_path, calls=calls, settings=settings)

        part = run(Budget(calls=20))
        assert part["stopped_by"] == "calls"
        assert part["asked"] == 5
        assert part["dropped"]["not asked: the budget ended"] == part["inputs"] - 5
        asked = server.count
        part = run(Budget())
        assert part["stopped_by"] is None
        assert part["asked"] == part["inputs"] == server.count
        assert server.count - asked == part["inputs"] - 5


def test_nothing_is_asked_where_an_input_is_bad(data, tmp_path):
    path = tmp_path / "lower.jsonl"
    good = (data / "lower.jsonl").read_text().splitlines()
    path.write_text("\n".join([good[0], json.dumps({**json.loads(good[1]), "right": [1, 2]})]))
    with FaultyServer(answer=lottery).in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        with pytest.raises(BadRow, match=r"lower\.jsonl:2: field 'right'"):
            rollout(path, backend, tmp_path)
        with pytest.raises(BadRow, match=r"lower\.jsonl:1: .*more than the context of 3"):
            rollout(data / "lower.jsonl", backend, tmp_path, measure=lambda _: 4, context=3)
        assert server.count == 0


def test_a_server_that_refuses_ends_the_run_and_leaves_no_file(data, tmp_path):
    with FaultyServer(faults.forever(faults.error(401))).in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        with pytest.raises(RequestRejected):
            rollout(data / "lower.jsonl", backend, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_settings_that_make_no_sense_are_refused():
    for wrong, name in (
        ({"n": 0}, "n"),
        ({"at_once": 0}, "at_once"),
        ({"sampling": Sampling(temperature=0)}, "temperature"),
    ):
        with pytest.raises(BadInput, match=f"^{name}:"):
            RolloutSettings(**wrong)


def test_the_same_replies_make_the_same_rows_and_a_seed_other_pairs(data, tmp_path):
    journal = tmp_path / "journal"
    with FaultyServer(answer=lottery).in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        found = []
        for seed in (0, 0, 1):
            settings = RolloutSettings(n=6, pairing=Pairing(most=1, seed=seed))
            calls = Calls(journal=journal)
            rollout(data / "lower.jsonl", backend, tmp_path, calls=calls, settings=settings)
            found.append(read(tmp_path))
        assert server.repeated == 0
    assert found[0] == found[1]
    assert found[0]["preferences"] != found[2]["preferences"]
    assert found[0]["replies"] == found[2]["replies"]


def command(data: Path, output: Path, url: str) -> list[str]:
    return [
        *(sys.executable, "-m", "bestofn_training", "rollout", str(data / "lower.jsonl")),
        *("--judge", "openai/judge", "--base-url", url, "--n", "4", "--at-once", "3"),
        *("--output", str(output)),
    ]


@pytest.mark.parametrize("kill_at", [1, 9, 30])
def test_a_killed_run_asks_for_no_committed_reply_again(data, tmp_path, kill_at):
    """Killed by SIGKILL when the server receives that request, and then repeated."""
    running: list[subprocess.Popen[bytes]] = []
    started, armed = threading.Event(), threading.Event()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    before = 0

    def kill(received):
        if armed.is_set() and received.number + 1 == before + kill_at:
            started.wait()
            os.kill(running[0].pid, signal.SIGKILL)

    def go(folder: Path) -> None:
        subprocess.run(command(data, folder, server.url), check=True, env=ENVIRONMENT, timeout=120)

    with FaultyServer(kill, answer=lottery).in_process() as server:
        go(whole)
        total = before = server.count
        armed.set()
        running.append(subprocess.Popen(command(data, killed, server.url), env=ENVIRONMENT))
        started.set()
        assert running[0].wait(timeout=120) == -signal.SIGKILL
        armed.clear()
        assert not any(path.name.endswith(".jsonl") for path in killed.glob("[!.]*"))
        committed = committed_prompts(killed / "rollout.journal")
        assert len(committed) < kill_at
        before = server.count
        go(killed)
        again = {received.prompt for received in server.requests[before:]}
        assert not again & committed
        assert len(again) == server.count - before == total - len(committed)
    assert not list(killed.glob("*.part"))
    assert read(killed) == read(whole)
    assert (killed / "card.json").read_bytes() == (whole / "card.json").read_bytes()


def committed_prompts(journal: Path) -> set[str]:
    if not journal.exists():
        return set()
    with read_journal(journal) as reader:
        return {entry.request.messages[0].content for entry in reader.entries()}
