"""From a problem to a chosen program: draw N candidates from a model, then select."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from .backends import backend_named
from .calls import Calls
from .concurrency import run_sync
from .entrants import (
    Seconds,
    check_not_open,
    check_settings,
    checked_judge,
    checked_problem,
)
from .errors import InvalidInput, NoCandidate
from .judges import Judge
from .policies import ChatPolicy, Policy
from .run import Run
from .sandbox import Sandbox
from .select import aselect, opened
from .types import Problem, Selection, Usage


def best_of_n(
    problem: Problem | str,
    *,
    policy: Policy | str,
    n: int = 8,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: Seconds = "auto",
    sandbox: Sandbox | None = None,
    calls: Calls | None = None,
) -> Selection:
    """Draw candidates and choose; the synchronous twin of :func:`abest_of_n`.

    Works inside a running event loop too, which waits meanwhile.
    """
    check_not_open(sandbox=sandbox, calls=calls)
    return run_sync(
        partial(
            abest_of_n,
            problem,
            policy=policy,
            n=n,
            judge=judge,
            seed=seed,
            seconds=seconds,
            sandbox=sandbox,
            calls=calls,
        )
    )


async def abest_of_n(
    problem: Problem | str,
    *,
    policy: Policy | str,
    n: int = 8,
    judge: Judge | str = "consensus",
    seed: int = 0,
    seconds: Seconds = "auto",
    sandbox: Sandbox | None = None,
    calls: Calls | None = None,
) -> Selection:
    """Draw ``n`` candidates from a model and choose the best of them.

    Args:
        problem: The task, or just its statement.
        policy: Who writes candidates: a :class:`Policy`, or the name of a model
            (``openai/gpt-5-mini``, ``vllm/<model>``).
        n: How many candidates to draw, at least 1. A budget may allow fewer.
        judge, seed, sandbox, calls: As for :func:`bestofn.aselect`; ``calls`` counts drawing and
            judging on one meter.
        seconds: For choosing, as for :func:`bestofn.aselect`; drawing is not timed by it.

    Returns:
        The selection. Its candidates are those that were drawn; its usage includes drawing.

    Raises:
        NoCandidate: nothing that was drawn holds a program; carries what was drawn.
        InvalidInput: an argument cannot be used; the error names it.
        BackendError: the model cannot be asked at all.
        SandboxError, JournalError: as for :func:`bestofn.aselect`.
    """
    problem = checked_problem(problem)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InvalidInput("n", f"must be a whole number of at least 1, got {n!r}")
    chosen_judge = checked_judge(judge)
    writer = ChatPolicy(backend_named(policy)) if isinstance(policy, str) else policy
    if isinstance(writer, type) or not isinstance(writer, Policy):
        raise InvalidInput(
            "policy", "must be the name of a model or an object with name and sample"
        )
    check_settings(seed=seed, seconds=seconds, sandbox=sandbox, calls=calls)
    async with AsyncExitStack() as stack:
        sandbox = await opened(stack, sandbox or Sandbox())
        calls = await opened(stack, calls or Calls())
        drawn = await writer.sample(problem, n, Run(sandbox=sandbox, calls=calls, seed=seed))
        if not any(candidate.code.strip() for candidate in drawn):
            raise NoCandidate(drawn, calls.stopped_by)
        selection = await aselect(
            problem,
            drawn,
            judge=chosen_judge,
            seed=seed,
            seconds=seconds,
            sandbox=sandbox,
            calls=calls,
        )
        spent = sum((candidate.usage for candidate in drawn), Usage())
        return replace(
            selection,
            usage=spent + selection.usage,
            stopped_by=selection.stopped_by or calls.stopped_by,
        )
