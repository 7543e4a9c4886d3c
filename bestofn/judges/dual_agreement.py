"""Dual agreement between solutions and generated tests, as published.

Chen et al., "CodeT: Code Generation with Generated Tests" (arXiv 2207.10397), section 2.2:
solutions that pass the same set of generated tests form a consensus set; a set is scored by the
square root of its number of solutions times its number of tests. A baseline beside
:class:`~bestofn.judges.consensus.ConsensusJudge`, which weighs the same evidence and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from ..errors import InvalidInput
from ..probes import Probe
from ..run import Run
from ..types import Candidate, Problem, Ranking
from .assertions import parse_assertions
from .groups import best_first, clusters_of, group_equal, require_programs, telling_inputs
from .observe import SMALL_LIMITS, canonical_value, observe


@dataclass(frozen=True, kw_only=True)
class DualAgreementJudge:
    """Ranks programs by the published dual agreement with ``Problem.generated_tests``."""

    name: str = "codet"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Rank programs by the score of their consensus set.

        Without a usable generated test all candidates are level, which is said.

        Raises:
            InvalidInput: a candidate is not a program, or the problem has no entry point.
            SandboxError: programs could not be run.
        """
        require_programs(self.name, candidates)
        if problem.entry_point is None:
            raise InvalidInput(
                "Problem.entry_point", f"judge {self.name!r} needs a function that tests call"
            )
        assertions, _ = parse_assertions(problem.generated_tests, problem.entry_point)
        tests = list({test.key: test for test in assertions}.values())
        calls = {test.call: test.arguments for test in tests}
        number_of = {call: number for number, call in enumerate(calls)}
        probes = [Probe(input=arguments, origin="generated test") for arguments in calls.values()]
        rows = await observe(problem, candidates, probes, run, SMALL_LIMITS)
        passes = []
        for row in rows:
            answers = [row[number_of[test.call]] for test in tests]
            passes.append(
                [
                    str(answer is not None and answer.key == canonical_value(test.expected))
                    for answer, test in zip(answers, tests, strict=True)
                ]
            )
        weights = [run.copies.get(candidate.id, 1) for candidate in candidates]
        groups = group_equal(passes)
        scores = {}
        for group in groups:
            solutions = sum(weights[member] for member in group)
            passed = passes[group[0]].count("True")
            for member in group:
                scores[candidates[member].id] = sqrt(solutions) * passed
        order = best_first(scores, candidates, weights, run.rng(self.name, problem.id))
        return Ranking(
            order=order,
            scores=scores,
            clusters=clusters_of(candidates, weights, groups, scores),
            splits=telling_inputs(candidates, weights, probes, rows),
            abstained=None if tests else "there is no generated test that can be run as a call",
            stopped_by="seconds" if run.deadline.over else None,
        )
