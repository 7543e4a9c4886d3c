"""What a caller hands in, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .calls import Calls
from .errors import InvalidInput
from .judges import Judge, judge_named
from .sandbox import Sandbox
from .types import Candidate, Problem

Seconds = float | Literal["auto"] | None


def checked_problem(problem: Problem | str) -> Problem:
    """The problem itself, or one that has just a statement.

    Raises:
        InvalidInput: it is neither.
    """
    if isinstance(problem, str):
        return Problem(statement=problem)
    if not isinstance(problem, Problem):
        raise InvalidInput("problem", f"must be a Problem or text, got {type(problem).__name__}")
    return problem


def checked_candidates(candidates: Sequence[Candidate | str]) -> list[Candidate]:
    """The candidates; text gets its position as id.

    Raises:
        InvalidInput: there is none, one is not a candidate, or two have one id.
    """
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


def checked_judge(judge: Judge | str) -> Judge:
    """The judge, or the one of that name.

    Raises:
        InvalidInput: it is no judge.
    """
    if isinstance(judge, str):
        return judge_named(judge)
    if isinstance(judge, type) or not isinstance(judge, Judge):
        raise InvalidInput("judge", "must be the name of a judge or an object with name and rank")
    return judge


def check_settings(
    *, seed: int, seconds: Seconds, sandbox: Sandbox | None, calls: Calls | None
) -> None:
    """Refuse settings of a wrong kind.

    Raises:
        InvalidInput: naming the argument.
    """
    if sandbox is not None and not isinstance(sandbox, Sandbox):
        raise InvalidInput("sandbox", f"must be a Sandbox, got {type(sandbox).__name__}")
    if calls is not None and not isinstance(calls, Calls):
        raise InvalidInput("calls", f"must be a Calls, got {type(calls).__name__}")
    if not isinstance(seed, int):
        raise InvalidInput("seed", f"must be a whole number, got {seed!r}")
    number = isinstance(seconds, int | float) and seconds > 0
    if not (number or seconds is None or seconds == "auto"):
        raise InvalidInput("seconds", f"must be a number above 0, None or 'auto', got {seconds!r}")


def check_not_open(*, sandbox: Sandbox | None, calls: Calls | None) -> None:
    """Refuse what belongs to another event loop.

    Raises:
        InvalidInput: naming the argument.
    """
    for name, resource in (("sandbox", sandbox), ("calls", calls)):
        if isinstance(resource, Sandbox | Calls) and resource.is_open:
            raise InvalidInput(
                name, "is open in another event loop; use the coroutine twin of this function"
            )
