"""Judges that look at nothing, and one that knows: the ends of every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..run import Run
from ..types import Candidate, Problem, Ranking


def _in_order(candidates: Sequence[Candidate], why: str | None) -> Ranking:
    return Ranking(
        order=tuple(candidate.id for candidate in candidates),
        scores={candidate.id: 0.0 for candidate in candidates},
        abstained=why,
    )


@dataclass(frozen=True)
class RandomJudge:
    """Any order, by the seed."""

    name: str = "random"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Shuffle the candidates; always abstains."""
        shuffled = list(candidates)
        run.rng("random judge", problem.id).shuffle(shuffled)
        return _in_order(shuffled, "the random judge compares nothing")


@dataclass(frozen=True)
class FirstJudge:
    """The order in which the candidates came."""

    name: str = "first"

    async def rank(
        self,
        problem: Problem,  # noqa: ARG002
        candidates: Sequence[Candidate],
        run: Run,  # noqa: ARG002
    ) -> Ranking:
        """Keep the order; always abstains."""
        return _in_order(candidates, "the first judge compares nothing")


@dataclass(frozen=True)
class OracleJudge:
    """Knows the verdicts: the bound of every selector, for benchmarks only.

    Attributes:
        verdicts: Whether each candidate id is right.
    """

    verdicts: Mapping[str, bool]
    name: str = "oracle"

    async def rank(
        self,
        problem: Problem,  # noqa: ARG002
        candidates: Sequence[Candidate],
        run: Run,  # noqa: ARG002
    ) -> Ranking:
        """Right candidates first."""
        order = sorted(candidates, key=lambda candidate: not self.verdicts[candidate.id])
        return Ranking(
            order=tuple(candidate.id for candidate in order),
            scores={candidate.id: float(self.verdicts[candidate.id]) for candidate in order},
        )
