"""From samples to an order of them: a judge, made as a request wants it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import anyio

from bestofn import (
    Calls,
    Candidate,
    InvalidInput,
    Judge,
    LLMJudge,
    Problem,
    Reply,
    Sandbox,
    Selection,
    aselect,
)
from bestofn.conversations import candidate_of
from bestofn.errors import BackendError
from bestofn.judges import judge_named
from bestofn.tournaments import tournament_named

from .kinds import Kind, encodable
from .lines import Lines
from .names import Plan
from .settings import EXECUTING, MODEL, MODEL_PREFIX

FREE_JUDGE = "self-consistency"
"""Asks nobody and runs nothing: decides when the judge that was wanted cannot."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What came of judging.

    Attributes:
        order: Numbers of the samples, best first: those that were ranked, copies of these, and
            what was dropped.
        selection: The selection behind it; None when there was nothing to choose from.
        abstained: Why the best could not be told apart from others, or None.
    """

    order: tuple[int, ...]
    selection: Selection | None
    abstained: str | None


def judge_model(plan: Plan) -> str | None:
    """The upstream's model that judges, or None for an embedded judge."""
    if plan.judge == MODEL:
        return plan.model
    if plan.judge.startswith(MODEL_PREFIX):
        return plan.judge.removeprefix(MODEL_PREFIX)
    return None


def most_calls(plan: Plan) -> int:
    """How many calls a request may make if nothing else limits it.

    A verdict that cannot be read is asked for again, at most once.
    """
    n = plan.samples
    if judge_model(plan) is None or n == 1:
        return n
    matches = {
        "knockout": n - 1,
        "listwise": n,
        "round-robin": n * (n - 1),
        "daj": plan.rounds or 8,
        "adaptive": plan.rounds or 16,
    }
    return n + 2 * matches[plan.tournament]


def make_judge(plan: Plan, lines: Lines, authorization: str | None, request_id: str) -> Judge:
    """The judge that a request wants."""
    model = judge_model(plan)
    if model is None:
        return judge_named(plan.judge)
    return LLMJudge(
        lines.backend(model, authorization, request_id),
        tournament=tournament_named(plan.tournament, rounds=plan.rounds),
    )


async def choose(
    problem: Problem,
    samples: Mapping[int, Reply],
    plan: Plan,
    *,
    kind: Kind,
    judge: Judge,
    calls: Calls,
    sandbox: Sandbox,
    until: float,
) -> Choice:
    """Put samples in order.

    A judge that cannot decide (its model is not there, time is over, no sample holds what it
    judges) is replaced by agreement among the samples, and the choice says so.

    Args:
        problem: What was asked.
        samples: Usable ones, by number.
        plan: The request's.
        kind: Chat or text.
        judge: From :func:`make_judge`.
        calls: The request's.
        sandbox: Where candidates run, if the judge runs them.
        until: Moment on the monotonic clock when there must be an answer.
    """
    program = plan.judge in EXECUTING
    candidates = _candidates(samples, kind, program=program)
    seconds = max(0.001, until - time.monotonic())
    trouble = f"there was no verdict within {seconds:.0f} seconds"
    with anyio.move_on_after(seconds):
        try:
            if not program or any(candidate.code.strip() for candidate in candidates):
                selection = await aselect(
                    problem,
                    candidates,
                    judge=judge,
                    seed=plan.seed,
                    seconds=seconds,
                    sandbox=sandbox,
                    calls=calls,
                )
                return _choice(selection, samples)
            trouble = "no sample holds a program"
        except BackendError as error:
            trouble = f"the judge cannot be asked: {error}"
        except InvalidInput as error:
            if any(candidate.code.strip() for candidate in candidates):
                raise
            return Choice(order=tuple(samples), selection=None, abstained=error.message)
    candidates = _candidates(samples, kind, program=False)
    if not any(candidate.code.strip() for candidate in candidates):
        return Choice(order=tuple(samples), selection=None, abstained=trouble)
    selection = await aselect(
        problem, candidates, judge=FREE_JUDGE, seed=plan.seed, sandbox=sandbox, calls=calls
    )
    note = f"{trouble}; chosen by {FREE_JUDGE}"
    note += f", which abstained: {selection.abstained}" if selection.abstained else ""
    return replace(_choice(selection, samples), abstained=note)


def _candidates(samples: Mapping[int, Reply], kind: Kind, *, program: bool) -> list[Candidate]:
    found = []
    for number, reply in samples.items():
        message = kind.message(reply.extra["choice"]) or {}
        candidate = candidate_of(
            message, id=str(number), kind="program" if program else "answer", usage=reply.usage
        )
        found.append(replace(candidate, code=encodable(candidate.code), text=reply.text))
    return found


def _choice(selection: Selection, samples: Mapping[int, Reply]) -> Choice:
    ranked = [int(id) for id in selection.ranking.order]
    place = {number: index for index, number in enumerate(ranked)}
    copies = [
        (place.get(int(one.same_as), len(place)), int(one.id))
        for one in selection.rejected
        if one.same_as is not None
    ]
    order = [*ranked, *(number for _, number in sorted(copies))]
    order += [number for number in samples if number not in order]
    return Choice(order=tuple(order), selection=selection, abstained=selection.abstained)
