"""Which problem is for training, for the weights, and for measuring: by problem, always. Pure.

Appendix A of the DaJ paper (arXiv 2601.22230): LiveCodeBench is split by date, BigCodeBench by
how hard the tasks were for the models that wrote the candidates.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, get_args

from ..errors import BadData, BadInput

Side = Literal["lower", "upper", "held_out"]
SIDES: tuple[Side, ...] = get_args(Side)

NO_DATE = "no date"
NO_PASS_RATE = "no pass rate"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a split may look at.

    Attributes:
        id: The problem's.
        benchmark: Where it is from.
        date: When it was published, or None.
        pass_rate: Share of right candidates, the mean over generators; None when unknown.
        usable: Whether some pool has both right and wrong candidates of it.
    """

    id: str
    benchmark: str = ""
    date: date | None = None
    pass_rate: float | None = None
    usable: bool = True


@dataclass(frozen=True, kw_only=True)
class Parted:
    """Which side every problem is on, and why some are on none."""

    sides: Mapping[str, Side]
    dropped: Mapping[str, str] = field(default_factory=dict)


class Split(Protocol):
    """A way to part problems."""

    def part(self, problems: Sequence[Facts], seed: int) -> Parted:
        """Put each problem on one side, or on none with a reason."""
        ...

    @property
    def record(self) -> dict[str, Any]:
        """What the card says of it."""
        ...


def _share(name: str, value: float, *, none_ok: bool) -> None:
    if not ((0 <= value < 1) if none_ok else (0 < value < 1)):
        least = "from 0" if none_ok else "above 0"
        raise BadInput(name, f"must be {least} and below 1, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class TemporalSplit:
    """By date: lower before the first cut, upper from it to the second, held out from there.

    Attributes:
        lower_until: First day that is not for training.
        upper_until: First day that is held out; None holds nothing out.

    Raises:
        BadInput: the cuts are in the wrong order.
    """

    lower_until: date = date(2024, 8, 1)
    upper_until: date | None = date(2025, 2, 1)

    def __post_init__(self) -> None:
        if self.upper_until is not None and self.upper_until <= self.lower_until:
            raise BadInput("upper_until", f"must be later than lower_until ({self.lower_until})")

    @property
    def record(self) -> dict[str, Any]:
        """What the card says of it."""
        upper = self.upper_until.isoformat() if self.upper_until else None
        return {
            "rule": "temporal",
            "lower_until": self.lower_until.isoformat(),
            "upper_until": upper,
        }

    def part(self, problems: Sequence[Facts], seed: int) -> Parted:  # noqa: ARG002
        """Put each problem on one side; those without a date are on none."""
        sides: dict[str, Side] = {}
        dropped: dict[str, str] = {}
        for problem in problems:
            if problem.date is None:
                dropped[problem.id] = NO_DATE
            elif problem.date < self.lower_until:
                sides[problem.id] = "lower"
            elif self.upper_until is None or problem.date < self.upper_until:
                sides[problem.id] = "upper"
            else:
                sides[problem.id] = "held_out"
        return Parted(sides=sides, dropped=dropped)


@dataclass(frozen=True, kw_only=True)
class DifficultySplit:
    """By how few candidates are right: the hardest share is upper, the rest lower.

    Attributes:
        hardest: Share of the problems that are not held out.
        held_out: Problems that are held out by name (BigCodeBench-Hard in the paper).
        held_out_share: Share that is held out besides, drawn by the seed.
        among: ``all`` ranks every task, as the paper does; of the hardest many may have no right
            candidate and so make no pair. ``usable`` ranks those that make one.

    Raises:
        BadInput: a share is out of range.
    """

    hardest: float = 0.2
    held_out: Collection[str] = ()
    held_out_share: float = 0.0
    among: Literal["all", "usable"] = "all"

    def __post_init__(self) -> None:
        _share("hardest", self.hardest, none_ok=False)
        _share("held_out_share", self.held_out_share, none_ok=True)
        object.__setattr__(self, "held_out", frozenset(self.held_out))

    @property
    def record(self) -> dict[str, Any]:
        """What the card says of it."""
        return {
            "rule": "difficulty",
            "hardest": self.hardest,
            "among": self.among,
            "held_out_by_name": len(self.held_out),
            "held_out_share": self.held_out_share,
        }

    def part(self, problems: Sequence[Facts], seed: int) -> Parted:
        """Put each problem on one side; of equally hard ones the seed decides."""
        sides, rest = _hold_out(problems, self.held_out, self.held_out_share, seed)
        known = [problem for problem in rest if problem.pass_rate is not None]
        dropped = {problem.id: NO_PASS_RATE for problem in rest if problem.pass_rate is None}
        ranked = [p for p in known if self.among == "all" or p.usable]
        random.Random(f"{seed}/split").shuffle(ranked)
        ranked.sort(key=lambda problem: problem.pass_rate or 0.0)
        hardest = {problem.id for problem in ranked[: _count(self.hardest, len(ranked))]}
        sides |= {p.id: "upper" if p.id in hardest else "lower" for p in known}
        return Parted(sides=sides, dropped=dropped)


@dataclass(frozen=True, kw_only=True)
class RandomSplit:
    """By chance; for benchmarks that have neither dates nor many candidates.

    Attributes:
        upper: Share of the problems that are not held out.
        held_out: Problems that are held out by name.
        held_out_share: Share that is held out besides.

    Raises:
        BadInput: a share is out of range.
    """

    upper: float = 0.2
    held_out: Collection[str] = ()
    held_out_share: float = 0.2

    def __post_init__(self) -> None:
        _share("upper", self.upper, none_ok=False)
        _share("held_out_share", self.held_out_share, none_ok=True)
        object.__setattr__(self, "held_out", frozenset(self.held_out))

    @property
    def record(self) -> dict[str, Any]:
        """What the card says of it."""
        return {
            "rule": "random",
            "upper": self.upper,
            "held_out_by_name": len(self.held_out),
            "held_out_share": self.held_out_share,
        }

    def part(self, problems: Sequence[Facts], seed: int) -> Parted:
        """Put each problem on one side."""
        sides, rest = _hold_out(problems, self.held_out, self.held_out_share, seed)
        shuffled = random.Random(f"{seed}/split").sample(rest, len(rest))
        upper = {problem.id for problem in shuffled[: _count(self.upper, len(rest))]}
        sides |= {p.id: "upper" if p.id in upper else "lower" for p in rest}
        return Parted(sides=sides)


@dataclass(frozen=True, kw_only=True)
class PerBenchmark:
    """Each benchmark by a rule of its own: LiveCodeBench by date, BigCodeBench by difficulty.

    Attributes:
        splits: By the benchmark's name.
    """

    splits: Mapping[str, Split]

    @property
    def record(self) -> dict[str, Any]:
        """What the card says of it."""
        return {"rule": "per benchmark"} | {
            name: split.record for name, split in self.splits.items()
        }

    def part(self, problems: Sequence[Facts], seed: int) -> Parted:
        """Put each problem on one side.

        Raises:
            BadInput: a benchmark has no rule.
        """
        groups: dict[str, list[Facts]] = {}
        for problem in problems:
            groups.setdefault(problem.benchmark, []).append(problem)
        sides: dict[str, Side] = {}
        dropped: dict[str, str] = {}
        for name, group in groups.items():
            if name not in self.splits:
                raise BadInput("splits", f"has no rule for {name!r}")
            parted = self.splits[name].part(group, seed)
            sides |= parted.sides
            dropped |= parted.dropped
        return Parted(sides=sides, dropped=dropped)


def _count(share: float, of: int) -> int:
    return round(share * of) or min(1, of)


def _hold_out(
    problems: Sequence[Facts], named: Collection[str], share: float, seed: int
) -> tuple[dict[str, Side], list[Facts]]:
    if unknown := sorted(set(named) - {problem.id for problem in problems}):
        raise BadData("held_out", f"there is no problem {unknown[0]!r} ({len(unknown)} unknown)")
    rest = [problem for problem in problems if problem.id not in named]
    count = _count(share, len(rest)) if share else 0
    drawn = {p.id for p in random.Random(f"{seed}/held out").sample(rest, count)}
    sides: dict[str, Side] = {p.id: "held_out" for p in problems if p.id in drawn or p.id in named}
    return sides, [problem for problem in rest if problem.id not in drawn]
