"""The verifiable reward of a judge's reply: equation 1 of the DaJ paper. Pure.

Three levels: the reply names a right candidate, a wrong one, or has no verdict that could be read.
The paper's text lost the values; they are settings here. What a reply says is read by
:mod:`bestofn.judges.parsing`, as at inference.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from bestofn.chat import Reply
from bestofn.judges.parsing import Parsed, parse_selection, read_reply

from ..errors import BadInput

Level = Literal["right", "wrong", "format_error"]

ANSWERS = frozenset({"ok", "length", "refusal", "empty"})
"""Statuses of replies that the judge itself is to blame for. The others (too long a prompt, a
server out of reach) say nothing about it and get no reward."""


@dataclass(frozen=True, kw_only=True)
class Rewards:
    """What each level is worth.

    Attributes:
        right, wrong, format_error: Of a reply.

    Raises:
        BadInput: a value is not a number, or right is not worth the most.
    """

    right: float = 1.0
    wrong: float = 0.0
    format_error: float = -1.0

    def __post_init__(self) -> None:
        for name in ("right", "wrong", "format_error"):
            if not math.isfinite(getattr(self, name)):
                raise BadInput(f"rewards.{name}", "must be a number")
        if self.right <= max(self.wrong, self.format_error):
            raise BadInput("rewards.right", "must be more than the other two")

    def of(self, level: Level) -> float:
        """The value of a level."""
        return {
            "right": self.right,
            "wrong": self.wrong,
            "format_error": self.format_error,
        }[level]

    @property
    def record(self) -> dict[str, Any]:
        """What the card says."""
        return {"right": self.right, "wrong": self.wrong, "format_error": self.format_error}


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What a reply is worth, and why.

    Attributes:
        level: Right, wrong, or a format error.
        reward: Its value.
        index: The place it names, counted from 1, or None.
        reason: Why there is none.
    """

    level: Level
    reward: float
    index: int | None
    reason: str = ""


def grade_reply(
    reply: Reply, right: Collection[int], count: int, rewards: Rewards
) -> Graded | None:
    """The reward of a reply from a backend; None when it is no answer of the judge.

    Args:
        reply: As it came.
        right: Places of right candidates, counted from 1.
        count: How many candidates were shown.
        rewards: What levels are worth.
    """
    if reply.status not in ANSWERS:
        return None
    return _graded(read_reply(reply, count), right, rewards)


def grade_text(text: str, right: Collection[int], count: int, rewards: Rewards) -> Graded:
    """The reward of a reply as one text, the reasoning between its tags included (for GRPO).

    The arguments are those of :func:`grade_reply`.
    """
    return _graded(parse_selection(text, count), right, rewards)


def _graded(parsed: Parsed, right: Collection[int], rewards: Rewards) -> Graded:
    level: Level = "format_error"
    if parsed.index is not None:
        level = "right" if parsed.index in right else "wrong"
    return Graded(level=level, reward=rewards.of(level), index=parsed.index, reason=parsed.reason)
