"""The largest group of equal behaviour wins: the published "cluster size alone"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..run import Run
from ..types import Candidate, Problem, Ranking
from .evidence import Inputs, look
from .groups import (
    abstention,
    best_first,
    clusters_of,
    group_equal,
    require_programs,
    telling_inputs,
)


@dataclass(frozen=True, kw_only=True)
class MajorityJudge:
    """Ranks programs by the size of their group of equal behaviour and nothing else.

    It runs on the same made-up inputs as the consensus judge, without tests and examples.
    """

    name: str = "majority"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Rank programs by how many others behave the same.

        Raises:
            InvalidInput: a candidate is not a program.
            SandboxError: programs could not be run.
        """
        require_programs(self.name, candidates)
        inputs = Inputs(use_examples=False, use_generated_tests=False, stress=0)
        seen = await look(problem, candidates, run, inputs)
        numbers = range(len(seen.small))
        groups = group_equal([seen.keys(row, numbers) for row in range(len(candidates))])
        scores = {
            candidates[row].id: float(sum(seen.weights[other] for other in group))
            for group in groups
            for row in group
        }
        order = best_first(scores, candidates, seen.weights, run.rng(self.name, problem.id))
        return Ranking(
            order=order,
            scores=scores,
            clusters=clusters_of(candidates, seen.weights, groups, scores),
            splits=telling_inputs(candidates, seen.weights, seen.small, seen.small_rows),
            abstained=abstention(order, scores, candidates, groups, len(seen.small)),
            stopped_by="seconds" if run.deadline.over else None,
        )
