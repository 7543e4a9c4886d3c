"""The largest group of equal behaviour wins: the published "cluster size alone"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..run import Run
from ..types import Candidate, Problem, Ranking
from .evidence import Inputs, look
from .groups import Grouping, group_equal, require_programs


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
        grouping = Grouping(
            candidates=candidates,
            weights=seen.weights,
            groups=group_equal([seen.keys(row, numbers) for row in range(len(candidates))]),
            probes=seen.small,
            rows=seen.small_rows,
        )
        scores = {
            candidates[row].id: float(size)
            for group, size in zip(grouping.groups, grouping.sizes, strict=True)
            for row in group
        }
        rng = run.rng(self.name, problem.id)
        return grouping.ranking(scores, rng, out_of_time=run.deadline.over)
