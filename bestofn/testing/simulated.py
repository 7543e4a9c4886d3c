"""A judge of known quality without a model: for comparing tournaments, and for dry runs.

Shown some candidates, it names with the probability of its position bias the first one whatever
is there (the last one, for a negative bias). Otherwise, where right and wrong ones are shown, it
names one of the right with the probability of its accuracy and else one of the wrong; where all
are alike, any. Its errors are independent of each other, which those of a model are not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from random import Random
from typing import Literal, NamedTuple, get_args

from ..errors import InvalidInput
from ..run import Run
from ..tournaments import RandomPairs, Tournament
from ..tournaments.base import Match, Verdict
from ..types import Candidate, Comparison, Problem, Ranking, Usage

Swap = Literal["none", "both"]


@dataclass(frozen=True, kw_only=True)
class SimulatedModel:
    """Answers matches between candidates that are known to be right or wrong.

    Attributes:
        right: The ids of the right candidates; all others are wrong.
        accuracy: How often it names a right one when right and wrong ones are shown.
        position_bias: How often it names a slot without looking: the first; the last if negative.
        tie_rate: How often it finds everybody equal: the vote is split.
        parse_failure_rate: How often its reply holds no verdict: an abstention.
        swap: ``both`` shows every match in both orders, half a vote each.

    Raises:
        InvalidInput: naming the field.
    """

    right: frozenset[str]
    accuracy: float = 0.75
    position_bias: float = 0.15
    tie_rate: float = 0.0
    parse_failure_rate: float = 0.0
    swap: Swap = "none"

    def __post_init__(self) -> None:
        for name, low in (
            ("accuracy", 0),
            ("position_bias", -1),
            ("tie_rate", 0),
            ("parse_failure_rate", 0),
        ):
            if not low <= getattr(self, name) <= 1:
                raise InvalidInput(name, f"must be {low} to 1")
        if self.tie_rate + self.parse_failure_rate > 1:
            raise InvalidInput("tie_rate", "with parse_failure_rate is more than 1")
        if self.swap not in get_args(Swap):
            raise InvalidInput("swap", f"must be one of {', '.join(get_args(Swap))}")

    def orders(self, match: Match) -> tuple[tuple[str, ...], ...]:
        """The orders in which a match is shown; each is one call."""
        return (match.shown, match.shown[::-1]) if self.swap == "both" else (match.shown,)

    def answer(self, shown: tuple[str, ...], rng: Random) -> tuple[str, ...]:
        """Whom it names; everybody in a tie, nobody when it gives no verdict."""
        odd = rng.random()
        if odd < self.tie_rate + self.parse_failure_rate:
            return shown if odd < self.tie_rate else ()
        if rng.random() < abs(self.position_bias):
            return (shown[0 if self.position_bias > 0 else -1],)
        right = [name for name in shown if name in self.right]
        if 0 < len(right) < len(shown):
            wrong = [name for name in shown if name not in self.right]
            return (rng.choice(right if rng.random() < self.accuracy else wrong),)
        return (rng.choice(shown),)

    def verdict(self, match: Match, answers: Sequence[tuple[str, ...]]) -> Verdict:
        """The votes that follow from one answer for each order."""
        votes: dict[str, float] = {}
        for answer in answers:
            for name in answer:
                votes[name] = votes.get(name, 0.0) + 1 / len(answer) / len(answers)
        return Verdict(match=match, votes=votes)


class Simulated(NamedTuple):
    """What a simulated tournament came to."""

    chosen: str
    calls: int


def simulate(
    tournament: Tournament,
    right: Mapping[str, bool],
    *,
    rng: Random,
    accuracy: float = 0.75,
    position_bias: float = 0.15,
    tie_rate: float = 0.0,
    parse_failure_rate: float = 0.0,
    swap: Swap = "none",
    prior: Mapping[str, float] | None = None,
) -> Simulated:
    """Play one tournament among candidates that are known to be right or wrong.

    Args:
        tournament: The rules.
        right: For each entrant, whether it is right.
        rng: Of the tournament and the model alike.
        accuracy: See :class:`SimulatedModel`, as for the following.
        position_bias: See there.
        tie_rate: See there.
        parse_failure_rate: See there.
        swap: See there.
        prior: Handed to the tournament.

    Raises:
        InvalidInput: naming the argument.
    """
    model = SimulatedModel(
        right=frozenset(name for name, is_right in right.items() if is_right),
        accuracy=accuracy,
        position_bias=position_bias,
        tie_rate=tie_rate,
        parse_failure_rate=parse_failure_rate,
        swap=swap,
    )
    play = tournament.start(list(right), rng, prior=prior)
    calls = 0
    while matches := play.matches():
        verdicts = []
        for match in matches:
            answers = [model.answer(shown, rng) for shown in model.orders(match)]
            calls += len(answers)
            verdicts.append(model.verdict(match, answers))
        play.record(verdicts)
    return Simulated(play.standings().order[0], calls)


@dataclass(frozen=True)
class SimulatedJudge:
    """A judge that knows which candidates are right and errs at given rates; no I/O.

    The same question (problem, order shown, draw) always gets the same answer.

    Args:
        right: Whether each candidate id is right, or the ids that are. Ids must be unique over
            all problems that it ranks.
        accuracy: See :class:`SimulatedModel`, as for the following.
        position_bias: See there.
        tie_rate: See there.
        parse_failure_rate: See there.
        tournament: Who meets whom.
        swap: See :class:`SimulatedModel`.
        seed: Of its errors.

    Raises:
        InvalidInput: naming the field.
    """

    right: Mapping[str, bool] | Collection[str]
    _: KW_ONLY
    accuracy: float = 0.75
    position_bias: float = 0.15
    tie_rate: float = 0.0
    parse_failure_rate: float = 0.0
    tournament: Tournament = field(default_factory=RandomPairs)
    swap: Swap = "none"
    seed: int = 0
    name: str = "simulated"
    _model: SimulatedModel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = [
            name for name in self.right if not isinstance(self.right, Mapping) or self.right[name]
        ]
        model = SimulatedModel(
            right=frozenset(ids),
            accuracy=self.accuracy,
            position_bias=self.position_bias,
            tie_rate=self.tie_rate,
            parse_failure_rate=self.parse_failure_rate,
            swap=self.swap,
        )
        object.__setattr__(self, "_model", model)

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Play the tournament to its end.

        Raises:
            InvalidInput: ``right`` is a mapping and says nothing about a candidate.
        """
        for candidate in candidates:
            if isinstance(self.right, Mapping) and candidate.id not in self.right:
                raise InvalidInput("SimulatedJudge.right", f"says nothing about {candidate.id!r}")
        ids = [candidate.id for candidate in candidates]
        play = self.tournament.start(ids, run.rng(self.name, problem.id))
        comparisons: list[Comparison] = []
        while matches := play.matches():
            verdicts = []
            for match in matches:
                answers = []
                for shown in self._model.orders(match):
                    key = (str(self.seed), problem.id, *shown, str(match.sample))
                    answer = self._model.answer(shown, Random("/".join(key)))
                    answers.append(answer)
                    comparisons.append(_comparison(shown, answer))
                verdicts.append(self._model.verdict(match, answers))
            play.record(verdicts)
        standings = play.standings()
        tied = len(standings.tied)
        return Ranking(
            order=standings.order,
            scores=standings.scores,
            comparisons=tuple(comparisons),
            abstained=f"{tied} candidates share the first place" if tied > 1 else None,
            usage=Usage(calls=len(comparisons)),
        )


def _comparison(shown: tuple[str, ...], named: tuple[str, ...]) -> Comparison:
    return Comparison(
        shown=shown,
        winner=named[0] if len(named) == 1 else None,
        error="" if len(named) == 1 else "a tie" if named else "no verdict",
        usage=Usage(calls=1),
    )
