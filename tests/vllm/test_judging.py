"""Whole selections with a real vLLM as the judge, and as the one who writes the candidates.

The model talks noise. Where a verdict is wanted, the server's grammar makes it say one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from bestofn import Candidate, Problem, aselect
from bestofn.backends.vllm import VLLMBackend
from bestofn.best_of_n import abest_of_n
from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import Sampling
from bestofn.events import CallFinished, Event
from bestofn.judges.llm import LLMJudge
from bestofn.policies import ChatPolicy
from bestofn.tournaments import RandomPairs, RoundRobin

pytestmark = pytest.mark.anyio

PROBLEM = Problem(statement="Read an integer and print its square.")
CANDIDATES = [
    Candidate(id="right", code="print(int(input()) ** 2)"),
    Candidate(id="double", code="print(int(input()) * 2)"),
    Candidate(id="echo", code="print(input())"),
    Candidate(id="long", code="n = int(input())\nprint(sum(n for _ in range(n)))"),
]
IDS = sorted(candidate.id for candidate in CANDIDATES)
NOISE = Sampling(temperature=1.0, max_tokens=24)
VERDICT = Sampling(
    temperature=1.0,
    max_tokens=24,
    extra={"structured_outputs": {"regex": r"<selection>[12]</selection>"}},
)
PROGRAM = Sampling(
    temperature=1.5,
    top_p=None,
    top_k=None,
    max_tokens=48,
    seed=5,
    extra={"structured_outputs": {"regex": r"```python\nprint\([0-9]{2}\)\n```"}},
)


def judge(backend: VLLMBackend, sampling: Sampling = VERDICT, **settings: object) -> LLMJudge:
    chosen = {"tournament": RandomPairs(rounds=3), "inputs": None, **settings}
    return LLMJudge(backend, sampling=sampling, **chosen)  # type: ignore[arg-type]


async def test_noise_is_asked_again_and_then_abstains(url: str) -> None:
    chosen = await aselect(
        PROBLEM, CANDIDATES, judge=judge(VLLMBackend("tiny", base_url=url), NOISE)
    )
    assert sorted(chosen.ranking.order) == IDS
    assert chosen.abstained is not None
    comparisons = chosen.ranking.comparisons
    assert comparisons
    assert {comparison.winner for comparison in comparisons} == {None}
    assert {comparison.attempts for comparison in comparisons} == {2}
    assert chosen.usage.calls == 2 * len(comparisons)
    assert chosen.usage.input_tokens > 1000 * chosen.usage.calls


async def test_every_verdict_counts(url: str) -> None:
    judging = judge(VLLMBackend("tiny", base_url=url))
    chosen = await aselect(PROBLEM, CANDIDATES, judge=judging)
    comparisons = chosen.ranking.comparisons
    assert sorted(chosen.ranking.order) == IDS
    assert all(comparison.winner in comparison.shown for comparison in comparisons)
    assert {comparison.attempts for comparison in comparisons} == {1}
    assert chosen.usage.calls == len(comparisons)


async def test_an_adapter_judges_under_its_own_name(url: str, tmp_path: Path) -> None:
    models: set[str] = set()

    def hear(event: Event) -> None:
        if isinstance(event, CallFinished):
            models.update(reply.model for reply in event.replies)

    paid = []
    for lora in (None, "tiny-judge"):
        judging = judge(
            VLLMBackend("tiny", base_url=url, lora=lora), tournament=RoundRobin(), swap="both"
        )
        async with Calls(journal=tmp_path / "run.db", on_event=hear) as calls:
            chosen = await aselect(PROBLEM, CANDIDATES, judge=judging, calls=calls)
            paid.append(calls.paid.calls)
    assert chosen.judge == "vllm/tiny+tiny-judge"
    assert models == {"tiny", "tiny-judge"}
    assert paid == [12, 12]  # the journal keeps the two apart


async def test_a_repeated_run_pays_nothing(url: str, tmp_path: Path) -> None:
    orders, paid = [], []
    for _ in range(2):
        async with Calls(journal=tmp_path / "run.db") as calls:
            judging = judge(VLLMBackend("tiny", base_url=url))
            chosen = await aselect(PROBLEM, CANDIDATES, judge=judging, calls=calls, seed=4)
            orders.append(chosen.ranking.order)
            paid.append(calls.paid.calls)
    assert paid[0] > 0 == paid[1]
    assert orders[0] == orders[1]


async def test_a_cancelled_selection_frees_the_server(
    url: str, requests_running: Callable[[], int], tmp_path: Path
) -> None:
    endless = Sampling(temperature=1.0, max_tokens=4000, extra={"ignore_eos": True})
    judging = judge(VLLMBackend("tiny", base_url=url), endless, tournament=RoundRobin())
    journal = tmp_path / "run.db"

    async def choose() -> None:
        await aselect(PROBLEM, CANDIDATES, judge=judging, calls=Calls(journal=journal))

    async def until_running(wanted: Callable[[int], bool]) -> None:
        while not wanted(await anyio.to_thread.run_sync(requests_running)):  # noqa: ASYNC110
            await anyio.sleep(0.05)  # how often to look at the metrics

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(choose)
            await until_running(lambda count: count > 1)
            tasks.cancel_scope.cancel()
    with anyio.fail_after(5):
        await until_running(lambda count: count == 0)


async def test_sampling_and_judging_share_one_budget(url: str) -> None:
    policy = ChatPolicy(VLLMBackend("tiny", base_url=url), sampling=PROGRAM)
    judging = judge(VLLMBackend("tiny", base_url=url, lora="tiny-judge"), tournament=RoundRobin())
    async with Calls(budget=Budget(calls=9)) as calls:
        chosen = await abest_of_n(PROBLEM, policy=policy, n=5, judge=judging, calls=calls)
        assert calls.usage.calls == 9
    assert len(chosen.candidates) == 5
    assert all(re.fullmatch(r"print\(\d\d\)\s*", each.code) for each in chosen.candidates)
    assert len({each.code for each in chosen.candidates}) > 2
    assert chosen.stopped_by == "calls"
    assert chosen.usage.calls == 9
