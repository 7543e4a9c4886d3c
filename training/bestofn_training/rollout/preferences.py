"""From graded replies to preference pairs, KTO labels and SFT targets. Pure.

Right is chosen; wrong and format error alike are rejected (DaJ paper, section 3): the reward's
three levels become two. All three kinds of rows are made of the same replies, so that losses
trained on them can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bestofn.chat import Message

from ..data.rows import JudgeInput, Labelled, Preference, Target
from ..errors import BadInput
from .reward import Level

Policy = Literal["matched", "all"]

NOT_ANSWERED = "no reply"
NO_RIGHT = "no right reply"
NO_REJECTED = "every reply is right"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A reply that may become part of a row.

    Attributes:
        sample: Which draw.
        text: The completion.
        level: Its level.
    """

    sample: int
    text: str
    level: Level


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Which right reply is set against which other.

    Attributes:
        policy: ``matched`` shuffles both kinds and joins them one to one, so that no reply is in
            two pairs; ``all`` takes every right reply with every other one.
        most: Pairs of one judge input at most, drawn by the seed; None keeps all.
        seed: Of the shuffling.

    Raises:
        BadInput: naming the setting.
    """

    policy: Policy = "matched"
    most: int | None = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.policy not in get_args(Policy):
            raise BadInput("pairing", f"must be one of {', '.join(get_args(Policy))}")
        if self.most is not None and self.most < 1:
            raise BadInput("max_pairs", f"must be at least 1, got {self.most}")

    def __str__(self) -> str:
        most = "" if self.most is None else f", at most {self.most} an input"
        return f"{self.policy}{most}"

    def pairs(self, id: str, said: Sequence[Said]) -> list[tuple[Said, Said]]:
        """Pairs of a right reply and another one; the same for the same replies and seed.

        Args:
            id: The judge input's; each has a random stream of its own.
            said: Its replies. Of equal texts the first counts.
        """
        distinct = list({one.text: one for one in reversed(said)}.values())
        distinct.sort(key=lambda one: one.sample)
        rng = random.Random(f"{self.seed}/pairs/{id}")
        right = [one for one in distinct if one.level == "right"]
        other = [one for one in distinct if one.level != "right"]
        rng.shuffle(right)
        rng.shuffle(other)
        if self.policy == "matched":
            pairs = list(zip(right, other, strict=False))
        else:
            pairs = [(good, bad) for good in right for bad in other]
            rng.shuffle(pairs)
        return pairs[: self.most]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What came of one judge input."""

    preferences: tuple[Preference, ...] = ()
    labelled: tuple[Labelled, ...] = ()
    targets: tuple[Target, ...] = ()


def rows_of(source: JudgeInput, pairs: Sequence[tuple[Said, Said]]) -> Rows:
    """The rows of one judge input.

    KTO's are the replies of the pairs, each once with its label, so that both labels are equally
    many under ``matched``; SFT's are the chosen ones, each once.
    """
    about = {
        "prompt": source.prompt,
        "problem_id": source.problem_id,
        "domain": source.domain,
        "difficulty": source.difficulty,
        "date": source.date,
        "generator": source.generator,
    }
    chosen = list(dict.fromkeys(good for good, _ in pairs))
    rejected = list(dict.fromkeys(bad for _, bad in pairs))
    return Rows(
        preferences=tuple(
            Preference(
                **about,  # type: ignore[arg-type]
                id=f"{source.id}:{good.sample}>{bad.sample}",
                chosen=_turn(good),
                rejected=_turn(bad),
            )
            for good, bad in pairs
        ),
        labelled=tuple(
            Labelled(
                **about,  # type: ignore[arg-type]
                id=f"{source.id}:{one.sample}",
                completion=_turn(one),
                label=one.level == "right",
            )
            for one in (*chosen, *rejected)
        ),
        targets=tuple(
            Target(
                **about,  # type: ignore[arg-type]
                id=f"{source.id}:{one.sample}",
                completion=_turn(one),
            )
            for one in chosen
        ),
    )


def why_none(said: Sequence[Said]) -> str:
    """Why replies make no pair."""
    if not said:
        return NOT_ANSWERED
    return NO_REJECTED if all(one.level == "right" for one in said) else NO_RIGHT


def _turn(said: Said) -> tuple[Message, ...]:
    return (Message(role="assistant", content=said.text),)
