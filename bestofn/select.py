"""Choosing one of N: filters, then a judge. The one place that drives concurrency."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from anyio import to_thread

from .concurrency import run_sync
from .errors import InvalidInput
from .filters import drop_duplicates, run_public_tests
from .judges import Judge, judge_named
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
"""Wall-clock seconds that a selection may take unless the caller says otherwise."""

TESTS_SHARE = 0.5
"""Of that time, how much the public tests may take."""


def select(
    problem: Problem | str,
    candidates: Sequence[Candidate | str],
    *,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: float | None = SECONDS,
    public_tests: bool = True,
    sandbox: Sandbox | None = None,
) -> Selection:
    """Choose the best candidate; the synchronous twin of :func:`aselect`.

    Works inside a running event loop too (that loop waits meanwhile; an async caller should
    await :func:`aselect`). A ``sandbox`` must not be open already: an open one belongs to the
    event loop it was opened in.
    """
    if isinstance(sandbox, Sandbox) and sandbox.is_open:
        raise InvalidInput("sandbox", "is open in another event loop; pass it to aselect instead")
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
        )
    )


async def aselect(
    problem: Problem | str,
    candidates: Sequence[Candidate | str],
    *,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: float | None = SECONDS,
    public_tests: bool = True,
    sandbox: Sandbox | None = None,
) -> Selection:
    """Choose the best of N candidate programs.

    Copies of a program are judged once (and counted); candidates that fail public tests which
    others pass are dropped; the judge ranks the rest. One candidate, or copies of one, cost
    nothing: nothing is run.

    Args:
        problem: The task, or just its statement.
        candidates: Programs, as text or as :class:`Candidate`. Text gets its position as id.
        judge: A judge, or the name of one (``consensus``, ``codet``, ``majority``, ``random``,
            ``first``).
        seed: Repeats every random choice.
        seconds: Wall-clock budget. When it ends, the best so far is returned and
            ``stopped_by`` says ``"seconds"``. None: no bound.
        public_tests: Whether to run ``problem.public_tests`` and drop who fails them.
        sandbox: Where programs run; opened and closed here unless it is open already. Pass an
            open one to save its start (some 0.1 s) in a loop of selections.

    Raises:
        InvalidInput: nothing to choose from, or an argument that cannot be used; the error
            names it.
        SandboxError: programs could not be run; no candidate is blamed for that.
    """
    started = time.monotonic()
    problem = _problem(problem)
    entrants = _candidates(candidates)
    chosen_judge = judge_named(judge) if isinstance(judge, str) else judge
    if isinstance(chosen_judge, type) or not isinstance(chosen_judge, Judge):
        raise InvalidInput("judge", "must be the name of a judge or an object with name and rank")
    if sandbox is not None and not isinstance(sandbox, Sandbox):
        raise InvalidInput("sandbox", f"must be a Sandbox, got {type(sandbox).__name__}")
    if not isinstance(seed, int):
        raise InvalidInput("seed", f"must be a whole number, got {seed!r}")
    if seconds is not None and not (isinstance(seconds, int | float) and seconds > 0):
        raise InvalidInput("seconds", f"must be a number above 0 or None, got {seconds!r}")
    deadline = Deadline.after(seconds)

    written = [candidate for candidate in entrants if candidate.code.strip()]
    rejected = [
        Rejection(id=candidate.id, by="no_code", reason="there is no program in it")
        for candidate in entrants
        if not candidate.code.strip()
    ]
    if not written:
        raise InvalidInput("candidates", "every one of them is empty; there is nothing to choose")
    distinct = await to_thread.run_sync(drop_duplicates, written)
    rejected += distinct.rejected

    ranking: Ranking
    outcomes: dict[str, tuple[Outcome, ...]] = {}
    isolation = None
    stopped_by = None
    programs_run = 0
    kept = distinct.kept
    if len(kept) == 1:
        ranking = _only(kept[0])
    else:
        async with AsyncExitStack() as stack:
            opened = sandbox or Sandbox()
            if not opened.is_open:
                await stack.enter_async_context(opened)
            executor = BoundedExecutor(opened, deadline)
            if public_tests and problem.public_tests:
                tests_executor = BoundedExecutor(opened, deadline.part(TESTS_SHARE))
                kept, failed, outcomes = await _test(problem, kept, tests_executor)
                rejected += failed
                executor.runs += tests_executor.runs
                executor.ran_out = tests_executor.ran_out
            if len(kept) == 1:
                ranking = _only(kept[0])
            else:
                run = Run(
                    sandbox=executor,
                    seed=seed,
                    deadline=deadline,
                    copies=distinct.copies,
                    public_tests=outcomes,
                )
                ranking = await chosen_judge.rank(problem, kept, run)
                _check(ranking, kept, chosen_judge.name)
            stopped_by = ranking.stopped_by or ("seconds" if executor.ran_out else None)
            programs_run = executor.runs
            isolation = str(executor.level) if executor.level is not None else None

    by_id = {candidate.id: candidate for candidate in entrants}
    return Selection(
        best=by_id[ranking.order[0]],
        ranking=ranking,
        rejected=tuple(rejected),
        evidence=Evidence(
            public_tests=outcomes,
            isolation=isolation,
            programs_run=programs_run,
            seconds=time.monotonic() - started,
        ),
        abstained=ranking.abstained,
        stopped_by=stopped_by,
        usage=ranking.usage,
        judge=chosen_judge.name,
        seed=seed,
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


def _problem(problem: Problem | str) -> Problem:
    if isinstance(problem, str):
        return Problem(statement=problem)
    if not isinstance(problem, Problem):
        raise InvalidInput("problem", f"must be a Problem or text, got {type(problem).__name__}")
    return problem


def _candidates(candidates: Sequence[Candidate | str]) -> list[Candidate]:
    if isinstance(candidates, str | Candidate | dict | set) or not hasattr(candidates, "__iter__"):
        raise InvalidInput("candidates", "must be a list of programs")
    entrants = []
    for index, candidate in enumerate(candidates):
        if isinstance(candidate, str):
            candidate = Candidate(id=str(index), code=candidate)
        elif not isinstance(candidate, Candidate):
            raise InvalidInput(
                f"candidates[{index}]",
                f"must be text or a Candidate, got {type(candidate).__name__}",
            )
        entrants.append(candidate)
    if not entrants:
        raise InvalidInput("candidates", "is empty; hand in at least one program")
    seen: dict[str, int] = {}
    for index, candidate in enumerate(entrants):
        if candidate.id in seen:
            raise InvalidInput(
                f"candidates[{index}]",
                f"has the id {candidate.id!r} of candidates[{seen[candidate.id]}]; ids are unique",
            )
        seen[candidate.id] = index
    return entrants
