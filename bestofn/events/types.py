"""The events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..chat import ChatRequest, Reply
from ..types import Comparison, Selection, Usage


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What is known of a call from the beginning.

    Attributes:
        call: A number that the events of one call share.
        backend: The backend's name.
        purpose: What it is for (``judge``, ``sample``).
        label: What the caller wrote on it.
        request: What is asked; ``request.sample`` is the first of the draws.
    """

    call: int
    backend: str
    purpose: str
    label: Mapping[str, Any] = field(default_factory=dict)
    request: ChatRequest


@dataclass(frozen=True, kw_only=True)
class CallStarted(_Call):
    """A request is about to be sent.

    Attributes:
        n: How many replies are asked for.
    """

    n: int = 1


@dataclass(frozen=True, kw_only=True)
class CallFinished(_Call):
    """Replies are there and committed. Those from a journal come without a start.

    Attributes:
        replies: One for each draw.
    """

    replies: tuple[Reply, ...]

    @property
    def recorded(self) -> bool:
        """Whether nothing was asked now: the replies come from a journal."""
        return all(reply.recorded for reply in self.replies)


@dataclass(frozen=True, kw_only=True)
class CallFailed(_Call):
    """A call ended without any reply: it was cancelled, or cannot be made at all.

    Attributes:
        error: What went wrong, in words.
        error_type: The exception's class.
        n: How many replies were asked for.
    """

    error: str
    error_type: str
    n: int = 1


@dataclass(frozen=True, kw_only=True)
class BudgetSpent:
    """A call was refused for the first time; more may follow, this event does not.

    Attributes:
        limit: The limit that was reached.
        usage: What was spent by then.
    """

    limit: str
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A run wrote something down, for example a verdict.

    Attributes:
        kind: ``comparison``, ``selection`` or the writer's own.
        body: What it says; has a JSON form.
    """

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ComparisonMade:
    """A judge gave its verdict on a match.

    Attributes:
        problem: The problem's id.
        judge: The judge's name.
        comparison: The verdict.
    """

    problem: str
    judge: str
    comparison: Comparison


@dataclass(frozen=True, kw_only=True)
class SelectionMade:
    """A problem was decided.

    Attributes:
        problem: The problem's id.
        selection: The decision.
    """

    problem: str
    selection: Selection


Event: TypeAlias = (
    CallStarted | CallFinished | CallFailed | BudgetSpent | Noted | ComparisonMade | SelectionMade
)
