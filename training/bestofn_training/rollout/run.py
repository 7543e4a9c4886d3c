"""Asking a judge or a teacher about every input, and turning the replies into training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bestofn.backends import Backend
from bestofn.calls import Calls
from bestofn.chat import ChatRequest, Reply, Sampling
from bestofn.concurrency import run_sync
from bestofn.errors import BackendError
from bestofn.judges.llm import JUDGE_SAMPLING

from ..data.card import file_digest, new_card, read_card, write_card
from ..data.checks import Measure, check_rows
from ..data.rows import JudgeInput, RowWriter, read_rows
from ..errors import BadInput
from .completions import completion_of
from .preferences import NOT_ANSWERED, Pairing, Said, rows_of, why_none
from .reward import Graded, Rewards, grade_reply, grade_text
from .stream import in_order
from .tally import Tally

KINDS = ("preferences", "kto", "sft", "replies")
"""The files of a rollout: ``lower.preferences.jsonl`` and so on."""

PURPOSE = "rollout"
"""What the calls are for, in the journal."""

NOT_ASKED = "not asked: the budget ended"
TOO_LONG = "longer than the model's context"
EMPTY = "empty"
REPEATED = "the same words as an earlier reply"
OTHERWISE = "as one text it reads otherwise"

OnInput = Callable[[int, int], None]
"""Called with how many inputs are done and how many there are."""


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """How replies are drawn and used.

    Attributes:
        n: Replies to each input.
        sampling: How they are drawn; the default is the judge's own at inference.
        rewards: What each level is worth.
        pairing: Which replies are set against each other.
        at_once: Inputs that are asked about side by side.

    Raises:
        BadInput: naming the setting.
    """

    n: int = 8
    sampling: Sampling = JUDGE_SAMPLING
    rewards: Rewards = field(default_factory=Rewards)
    pairing: Pairing = field(default_factory=Pairing)
    at_once: int = 64

    def __post_init__(self) -> None:
        for name, least in (("n", 1), ("at_once", 1)):
            if getattr(self, name) < least:
                raise BadInput(name, f"must be at least {least}, got {getattr(self, name)}")
        if self.n > 1 and self.sampling.temperature == 0:
            raise BadInput(
                "temperature", "is 0, so that all replies to an input are the same; raise it"
            )


def rollout_file(folder: Path, name: str, kind: str) -> Path:
    """Where a rollout's rows of one kind are."""
    return folder / f"{name}.{kind}.jsonl"


def rollout(
    inputs: Path,
    backend: Backend,
    output: Path,
    *,
    calls: Calls | None = None,
    settings: RolloutSettings | None = None,
    measure: Measure | None = None,
    context: int | None = None,
    on_input: OnInput | None = None,
) -> dict[str, Any]:
    """Sample and reward replies; the synchronous twin of :func:`arollout`."""
    return run_sync(
        partial(
            arollout,
            inputs,
            backend,
            output,
            calls=calls,
            settings=settings,
            measure=measure,
            context=context,
            on_input=on_input,
        )
    )


async def arollout(
    inputs: Path,
    backend: Backend,
    output: Path,
    *,
    calls: Calls | None = None,
    settings: RolloutSettings | None = None,
    measure: Measure | None = None,
    context: int | None = None,
    on_input: OnInput | None = None,
) -> dict[str, Any]:
    """Ask about every input, reward the replies and write rows for every kind of loss.

    Of ``lower.jsonl`` come ``lower.preferences.jsonl``, ``lower.kto.jsonl``, ``lower.sft.jsonl``
    and ``lower.replies.jsonl`` (level, reward and index of every reply), each whole, and the
    card's part about them. With a journal, a run that was killed and is repeated asks for no
    committed reply again and comes to the same files.

    Args:
        inputs: Rows of :class:`~bestofn_training.data.JudgeInput`; all are checked first.
        backend: The judge, or a teacher.
        output: The folder; where the inputs lie is the best place, as the card is there.
        calls: The gate with budget and journal; opened and closed here if it is not open. Without
            a journal every reply stays in memory until the end.
        settings: Everything else.
        measure, context: See :func:`~bestofn_training.data.check_rows`.
        on_input: Hears of every input that is done.

    Returns:
        The card's part about this rollout.

    Raises:
        BadRow: an input is broken or longer than the context; nothing was asked.
        BackendError: the model cannot be asked, or answered nothing at all.
        JournalError: a reply could not be kept.
    """
    settings = settings or RolloutSettings()
    total = check_rows(inputs, JudgeInput, measure=measure, context=context)
    card = read_card(output) or read_card(inputs.parent) or new_card()
    name = inputs.stem
    tally = Tally()
    async with AsyncExitStack() as stack:
        opened = calls or Calls()
        if not opened.is_open:
            await stack.enter_async_context(opened)
        writers = {
            kind: stack.enter_context(RowWriter(rollout_file(output, name, kind))) for kind in KINDS
        }

        async def ask(row: JudgeInput) -> tuple[JudgeInput, list[Reply]]:
            request = ChatRequest(messages=row.prompt, sampling=settings.sampling)
            label = {"input": row.id, "problem": row.problem_id, "shown": list(row.order)}
            replies = await opened.ask(backend, request, n=settings.n, purpose=PURPOSE, label=label)
            return row, replies

        def take(answered: tuple[JudgeInput, list[Reply]]) -> None:
            _write(*answered, settings, writers, tally)
            if on_input is not None:
                on_input(tally.inputs, total)

        await in_order(
            ask,
            (row for _, row in read_rows(inputs, JudgeInput)),
            take,
            at_once=settings.at_once,
        )
        if tally.asked and not tally.answered:
            raise BackendError(f"{backend.name} gave no answer to any of {tally.asked} inputs")
        part = {
            "judge": backend.name,
            "inputs_sha256": file_digest(inputs),
            "n": settings.n,
            "sampling": asdict(settings.sampling),
            "rewards": settings.rewards.record,
            "pairing": str(settings.pairing),
            "seed": settings.pairing.seed,
            "files": {kind: writer.path.name for kind, writer in writers.items()},
            "rows": {kind: writer.rows for kind, writer in writers.items()},
            "usage": asdict(opened.usage),
            "stopped_by": opened.stopped_by,
            **tally.record(),
        }
        for writer in writers.values():
            writer.keep()
        write_card(output, {**card, "rollouts": {**card["rollouts"], name: part}})
    return part


def _write(
    row: JudgeInput,
    replies: Sequence[Reply],
    settings: RolloutSettings,
    writers: dict[str, RowWriter],
    tally: Tally,
) -> None:
    """Reward the replies to one input and write what comes of them."""
    count = len(row.order)
    grades = [grade_reply(reply, row.right, count, settings.rewards) for reply in replies]
    said: list[Said] = []
    unused: list[str] = []
    for sample, (reply, grade) in enumerate(zip(replies, grades, strict=True)):
        if grade is None:
            continue
        text = completion_of(reply)
        if not text.strip():
            unused.append(EMPTY)
        elif grade_text(text, row.right, count, settings.rewards).level != grade.level:
            unused.append(OTHERWISE)
        elif any(text == earlier.text for earlier in said):
            unused.append(REPEATED)
        else:
            said.append(Said(sample=sample, text=text, level=grade.level))
    rows = rows_of(row, settings.pairing.pairs(row.id, said))
    dropped = None if rows.preferences else _why(replies, said)
    tally.add(row, grades, unused, rows, dropped)
    for kind, new in (
        ("preferences", rows.preferences),
        ("kto", rows.labelled),
        ("sft", rows.targets),
    ):
        for one in new:
            writers[kind].add(one)
    writers["replies"].add_object(replies_row(row, replies, grades))


def _why(replies: Sequence[Reply], said: Sequence[Said]) -> str:
    if not replies:
        return NOT_ASKED
    if all(reply.status == "context_overflow" for reply in replies):
        return TOO_LONG
    return why_none(said) if said else NOT_ANSWERED


def replies_row(
    row: JudgeInput, replies: Sequence[Reply], grades: Sequence[Graded | None]
) -> dict[str, Any]:
    """Every reply's reward without its words, which the journal holds."""
    about = asdict(row)
    del about["prompt"]
    return about | {
        "replies": [
            {
                "sample": sample,
                "status": reply.status,
                "level": None if grade is None else grade.level,
                "reward": None if grade is None else grade.reward,
                "index": None if grade is None else grade.index,
                "reason": reply.error if grade is None else grade.reason,
            }
            for sample, (reply, grade) in enumerate(zip(replies, grades, strict=True))
        ]
    }
