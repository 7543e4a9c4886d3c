"""Asking a served judge about held-out inputs, with the budget and the journal of a rollout."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bestofn.backends import Backend
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply, Sampling
from bestofn.concurrency import run_sync
from bestofn.errors import BackendError
from bestofn.judges.llm import JUDGE_SAMPLING
from bestofn.types import Usage

from ..data.checks import check_rows
from ..data.rows import JudgeInput, RowWriter, read_rows
from ..rollout.reward import Rewards, grade_reply
from ..rollout.run import replies_row
from ..rollout.stream import in_order

PURPOSE = "evaluate"
"""What the calls are for, in the journal."""

OnInput = Callable[[int, int], None]
"""Called with how many inputs are done and how many there are."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What asking came to.

    Attributes:
        usage: What it cost.
        stopped_by: The limit that ended it early, or None.
    """

    usage: Usage
    stopped_by: str | None


def ask(
    inputs: Path,
    backend: Backend,
    output: Path,
    *,
    calls: Calls | None = None,
    n: int = 1,
    sampling: Sampling = JUDGE_SAMPLING,
    at_once: int = 64,
    on_input: OnInput | None = None,
) -> Asked:
    """The synchronous twin of :func:`aask`."""
    return run_sync(
        partial(
            aask,
            inputs,
            backend,
            output,
            calls=calls,
            n=n,
            sampling=sampling,
            at_once=at_once,
            on_input=on_input,
        )
    )


async def aask(
    inputs: Path,
    backend: Backend,
    output: Path,
    *,
    calls: Calls | None = None,
    n: int = 1,
    sampling: Sampling = JUDGE_SAMPLING,
    at_once: int = 64,
    on_input: OnInput | None = None,
) -> Asked:
    """Ask about every input and write level and index of every reply; no row to train on.

    Args:
        inputs: Rows of :class:`~bestofn_training.data.JudgeInput`; all are checked first.
        backend: The judge.
        output: The file of replies, seen whole or not at all.
        calls: The gate with budget and journal; opened and closed here if it is not open.
        n: Replies to each input.
        sampling: How they are drawn; the default is that of inference.
        at_once: Inputs that are asked about side by side.
        on_input: Hears of every input that is done.

    Raises:
        BadRow: an input is broken; nothing was asked.
        BackendError: the model cannot be asked, or answered nothing at all.
        JournalError: a reply could not be kept.
    """
    total = check_rows(inputs, JudgeInput)
    rewards = Rewards()
    done = asked = answered = 0
    async with AsyncExitStack() as stack:
        opened = calls or Calls()
        if not opened.is_open:
            await stack.enter_async_context(opened)
        writer = stack.enter_context(RowWriter(output))

        async def question(row: JudgeInput) -> tuple[JudgeInput, list[Reply]]:
            request = ChatRequest(messages=row.prompt, sampling=sampling)
            label = {"input": row.id, "problem": row.problem_id, "shown": list(row.order)}
            return row, await opened.ask(backend, request, n=n, purpose=PURPOSE, label=label)

        def take(result: tuple[JudgeInput, list[Reply]]) -> None:
            nonlocal done, asked, answered
            row, replies = result
            grades = [grade_reply(reply, row.right, len(row.order), rewards) for reply in replies]
            done += 1
            asked += bool(replies)
            answered += any(grade is not None for grade in grades)
            writer.add_object(replies_row(row, replies, grades))
            if on_input is not None:
                on_input(done, total)

        rows = (row for _, row in read_rows(inputs, JudgeInput))
        await in_order(question, rows, take, at_once=at_once)
        if asked and not answered:
            raise BackendError(f"{backend.name} gave no answer to any of {asked} inputs")
        writer.keep()
        return Asked(usage=opened.usage, stopped_by=opened.stopped_by)
