"""The most frequent answer wins: self-consistency (Wang et al. 2022, arXiv 2203.11171)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..run import Run
from ..types import Candidate, Problem, Ranking


@dataclass(frozen=True)
class SelfConsistencyJudge:
    """Ranks candidates by how many say the same, without a model and without running anything.

    For answers and tool calls of which several can be equal. Answers count as equal up to white
    space and upper or lower case; programs and patches up to what makes them duplicates.
    """

    name: str = "self-consistency"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Rank by votes; scores are how many candidates, copies included, say the same.

        Equal scores are put in an order by the seed, and the judge abstains when different
        answers share the first place.
        """
        votes: Counter[str] = Counter()
        for candidate in candidates:
            votes[_said(candidate)] += run.copies.get(candidate.id, 1)
        scores = {c.id: float(votes[_said(c)]) for c in candidates}
        shuffled = list(candidates)
        run.rng(self.name, problem.id).shuffle(shuffled)
        place = {answer: number for number, answer in enumerate(map(_said, shuffled))}
        order = sorted(shuffled, key=lambda c: (-scores[c.id], place[_said(c)]))
        first = sum(count == votes.most_common(1)[0][1] for count in votes.values())
        return Ranking(
            order=tuple(candidate.id for candidate in order),
            scores=scores,
            abstained=f"{first} different answers share the first place" if first > 1 else None,
        )


def _said(candidate: Candidate) -> str:
    if candidate.kind == "answer":
        return " ".join(candidate.code.casefold().split())
    return candidate.id  # copies of programs were put together before
