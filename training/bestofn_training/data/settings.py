"""How judge inputs are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

from ..errors import BadInput
from .checks import TooLong
from .domains import PLATFORM_DIFFICULTY, check_rule
from .pairing import Within
from .prompts import Prompter
from .splits import Side


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Whose candidates each side shows; empty means everybody's.

    Attributes:
        lower: Weaker, cheaper generators.
        upper: Stronger ones, whose programs are like those at inference.
        held_out: As ``upper`` when None.
    """

    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    held_out: tuple[str, ...] | None = None

    def of(self, side: Side) -> tuple[str, ...]:
        """The generators of one side."""
        if side == "lower":
            return self.lower
        return self.upper if side == "upper" or self.held_out is None else self.held_out


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """How judge inputs are made.

    Attributes:
        seed: Of every random choice.
        k: Candidates in a prompt.
        most: Sets of candidates a problem gives at most (each is shown in both orders); None
            takes all pairs.
        within: Whether a set may mix the generators of its side (``pool``), or not.
        domain: See :func:`~.domains.domain_of`.
        domains: Domains that the lower side must have samples of.
        date_column, generator_column: Where the metadata of problems and of candidates say so.
        pools: Which generators each side shows.
        prompter: How inputs are worded.
        only_survivors: Leave out candidates that the public tests drop at inference.
        grade: Run hidden tests despite recorded verdicts.
        jobs: Sandbox workers; one a core when None.
        context: The most tokens of a prompt, where they can be counted.
        too_long: Whether a longer prompt ends the run, or is left out and counted.

    Raises:
        BadInput: naming the setting.
    """

    seed: int = 0
    k: int = 2
    most: int | None = 8
    within: Within = "pool"
    domain: str = PLATFORM_DIFFICULTY
    domains: tuple[str, ...] = ()
    date_column: str = "contest_date"
    generator_column: str = "generator"
    pools: Pools = field(default_factory=Pools)
    prompter: Prompter = field(default_factory=Prompter)
    only_survivors: bool = False
    grade: bool = False
    jobs: int | None = None
    context: int | None = None
    too_long: TooLong = "refuse"

    def __post_init__(self) -> None:
        if self.k < 2:
            raise BadInput("k", f"must be at least 2, got {self.k}")
        if self.most is not None and self.most < 1:
            raise BadInput("most", f"must be at least 1, got {self.most}")
        if self.most is None and self.k > 2:
            raise BadInput("most", f"must be a number for sets of {self.k}: there are too many")
        for name, kind in (("within", Within), ("too_long", TooLong)):
            if getattr(self, name) not in get_args(kind):
                raise BadInput(name, f"must be one of {', '.join(get_args(kind))}")
        check_rule(self.domain)
        if self.prompter.evidence != "none" and not self.only_survivors:
            raise BadInput(
                "evidence",
                "is shown at inference of candidates that the public tests leave: set "
                "only_survivors (--only-survivors), so that the prompts are the same",
            )

    @property
    def record(self) -> dict[str, Any]:
        """What the card says; prompts and split have parts of their own there."""
        return {
            "seed": self.seed,
            "k": self.k,
            "most": self.most,
            "within": self.within,
            "domain": self.domain,
            "domains": list(self.domains),
            "date_column": self.date_column,
            "generator_column": self.generator_column,
            "only_survivors": self.only_survivors,
            "grade": self.grade,
            "context": self.context,
            "too_long": self.too_long,
        }
