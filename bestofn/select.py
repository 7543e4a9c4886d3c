"""Choosing one of N: filters, then a judge. The one place that drives concurrency."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from anyio import to_thread

from .calls import Calls
from .concurrency import run_sync
from .entrants import (
    Seconds,
    check_not_open,
    check_settings,
    checked_candidates,
    checked_judge,
    checked_problem,
)
from .errors import InvalidInput
from .events import SelectionMade
from .filters import Distinct, drop_duplicates, run_public_tests
from .judges import Judge, asks_models
from .run import BoundedExecutor, Deadline, Run
from .sandbox import Executor, Sandbox
from .types import (
    Candidate,
    Evidence,
    Outcome,
    Problem,
    Ranking,
    Rejection,
    Selection,
)

SECONDS = 30.0
"""Wall-clock seconds that a selection may take where no model is asked, unless the caller says
otherwise."""

TESTS_SHARE = 0.5
"""Of that time, how much the public tests may take."""


def select(
    problem: Problem | str,
    candidates: Sequence[Candidate | str],
    *,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: Seconds = "auto",
    public_tests: bool = True,
    sandbox: Sandbox | None = None,
    calls: Calls | None = None,
) -> Selection:
    """Choose the best candidate; the synchronous twin of :func:`aselect`.

    Works inside a running event loop too (that loop waits meanwhile; an async caller should
    await :func:`aselect`). ``sandbox`` and ``calls`` must not be open already: an open one
    belongs to the event loop it was opened in.
    """
    check_not_open(sandbox=sandbox, calls=calls)
    return run_sync(
        partial(
            aselect,
            problem,
            candidates,
            judge=judge,
            seed=seed,
            seconds=seconds,
            public_tests=public_tests,
            sandbox=sandbox,
            calls=calls,
        )
    )


async def aselect(
    problem: Problem | str,
    candidates: Sequence[Candidate | str],
    *,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: Seconds = "auto",
    public_tests: bool = True,
    sandbox: Sandbox | None = None,
    calls: Calls | None = None,
) -> Selection:
    """Choose the best of N candidate programs.

    Copies of a program are judged once (and counted); candidates that fail public tests which
    others pass are dropped; the judge ranks the rest. One candidate, or copies of one, cost
    nothing: nothing is run and no model is asked.

    Args:
        problem: The task, or just its statement.
        candidates: Programs, as text or as :class:`Candidate`. Text gets its position as id.
        judge: A judge, or the name of one: ``consensus``, ``codet``, ``majority``, ``random``,
            ``first``, or a model (``openai/gpt-5-mini``, ``vllm/<model>``).
        seed: Repeats every random choice.
        seconds: Wall-clock budget. When it ends, the best so far is returned and
            ``stopped_by`` says ``"seconds"``. ``"auto"``: :data:`SECONDS`, or no bound for a
            judge that asks a model. None: no bound.
        public_tests: Whether to run ``problem.public_tests`` and drop who fails them.
        sandbox: Where programs run; opened and closed here unless it is open already. Pass an
            open one to save its start (some 0.1 s) in a loop of selections.
        calls: Through which models are asked: holds the budget, the journal and the listeners.
            Opened and closed here unless it is open already.

    Raises:
        InvalidInput: nothing to choose from, or an argument that cannot be used; the error
            names it.
        SandboxError: programs could not be run; no candidate is blamed for that.
        BackendError: the model cannot be asked at all (a wrong key, an unknown name).
        JournalError: the journal cannot be used.
    """
    started = time.monotonic()
    problem = checked_problem(problem)
    entrants = checked_candidates(candidates)
    chosen_judge = checked_judge(judge)
    check_settings(seed=seed, seconds=seconds, sandbox=sandbox, calls=calls)
    if seconds == "auto":
        seconds = None if asks_models(chosen_judge) else SECONDS
    deadline = Deadline.after(seconds)

    rejected = [
        Rejection(id=candidate.id, by="no_code", reason="there is no program in it")
        for candidate in entrants
        if not candidate.code.strip()
    ]
    written = [candidate for candidate in entrants if candidate.code.strip()]
    if not written:
        raise InvalidInput("candidates", "every one of them is empty; there is nothing to choose")
    distinct = await _distinct(written)
    rejected += distinct.rejected

    def concluded(decision: _Decision) -> Selection:
        ranking = decision.ranking
        return Selection(
            best=next(c for c in entrants if c.id == ranking.order[0]),
            ranking=ranking,
            candidates=tuple(entrants),
            rejected=(*rejected, *decision.rejected),
            evidence=Evidence(
                public_tests=decision.outcomes,
                isolation=decision.isolation,
                programs_run=decision.programs_run,
                seconds=time.monotonic() - started,
            ),
            abstained=ranking.abstained,
            stopped_by=decision.stopped_by,
            usage=ranking.usage,
            judge=chosen_judge.name,
            seed=seed,
        )

    if len(distinct.kept) == 1:
        return concluded(_Decision(ranking=_only(distinct.kept[0])))
    async with AsyncExitStack() as stack:
        run = Run(
            sandbox=await opened(stack, sandbox or Sandbox()),
            calls=await opened(stack, calls or Calls()),
            seed=seed,
            deadline=deadline,
            copies=distinct.copies,
        )
        selection = concluded(
            await _decide(problem, distinct.kept, chosen_judge, run, public_tests=public_tests)
        )
        run.calls.emit(SelectionMade(problem=problem.id, selection=selection))
    return selection


async def _distinct(candidates: Sequence[Candidate]) -> Distinct:
    """Without copies. Programs are parsed for that, which must not hold up the event loop."""
    if any(candidate.kind == "program" for candidate in candidates):
        return await to_thread.run_sync(drop_duplicates, candidates)
    return drop_duplicates(candidates)


Openable = TypeVar("Openable", Sandbox, Calls)


async def opened(stack: AsyncExitStack, resource: Openable) -> Openable:
    """The resource, open; closed with ``stack`` if it was opened here."""
    if not resource.is_open:
        await stack.enter_async_context(resource)
    return resource


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """What came of filters and judge."""

    ranking: Ranking
    rejected: tuple[Rejection, ...] = ()
    outcomes: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)
    isolation: str | None = None
    programs_run: int = 0
    stopped_by: str | None = None


async def _decide(
    problem: Problem,
    candidates: tuple[Candidate, ...],
    judge: Judge,
    run: Run,
    *,
    public_tests: bool,
) -> _Decision:
    """Drop who fails public tests, and let the judge rank the rest."""
    executor = BoundedExecutor(run.sandbox, run.deadline)
    tests_executor = BoundedExecutor(executor, run.deadline.part(TESTS_SHARE))
    kept = candidates
    failed: tuple[Rejection, ...] = ()
    outcomes: dict[str, tuple[Outcome, ...]] = {}
    if public_tests and problem.public_tests:
        kept, failed, outcomes = await _test(problem, candidates, tests_executor)
    ranking = _only(kept[0])
    if len(kept) > 1:
        run = replace(run, sandbox=executor, public_tests=outcomes)
        ranking = await judge.rank(problem, kept, run)
        _check(ranking, kept, judge.name)
    ran_out = executor.ran_out or tests_executor.ran_out
    return _Decision(
        ranking=ranking,
        rejected=failed,
        outcomes=outcomes,
        isolation=str(executor.level) if executor.level is not None else None,
        programs_run=executor.runs,
        stopped_by=ranking.stopped_by or ("seconds" if ran_out else None),
    )


async def _test(
    problem: Problem, candidates: Sequence[Candidate], executor: Executor
) -> tuple[tuple[Candidate, ...], tuple[Rejection, ...], dict[str, tuple[Outcome, ...]]]:
    """Public tests for programs; what is not a program is left for the judge."""
    programs = [candidate for candidate in candidates if candidate.kind == "program"]
    if not programs:
        return tuple(candidates), (), {}
    tested = await run_public_tests(problem, programs, executor)
    dropped = {rejection.id for rejection in tested.rejected}
    kept = tuple(candidate for candidate in candidates if candidate.id not in dropped)
    return kept, tested.rejected, tested.outcomes


def _check(ranking: Ranking, candidates: Sequence[Candidate], judge: str) -> None:
    """Hold a judge, perhaps the caller's own, to its promise."""
    if sorted(ranking.order) != sorted(candidate.id for candidate in candidates):
        raise InvalidInput(
            "judge", f"{judge!r} must rank every candidate once, its order is {ranking.order}"
        )


def _only(candidate: Candidate) -> Ranking:
    return Ranking(order=(candidate.id,), scores={candidate.id: 1.0})
