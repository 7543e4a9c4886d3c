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
from .assertions import Assertion, parse_assertions
from .groups import Grouping, group_equal, require_programs
from .observe import SMALL_LIMITS, Behaviour, answer_key, observe

PASSED, FAILED = "passed", "failed"


def _gives(behaviour: Behaviour | None, test: Assertion) -> bool:
    return behaviour is not None and behaviour.key == answer_key(test.expected)


@dataclass(frozen=True, kw_only=True)
class DualAgreementJudge:
    """Ranks programs by the published dual agreement with ``Problem.generated_tests``."""

    name: str = "codet"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Rank programs by the score of their consensus set.

        Without a usable generated test it abstains.

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
        passes = [
            [PASSED if _gives(row[number_of[test.call]], test) else FAILED for test in tests]
            for row in rows
        ]
        grouping = Grouping(
            candidates=candidates,
            weights=[run.copies.get(candidate.id, 1) for candidate in candidates],
            groups=group_equal(passes),
            probes=probes,
            rows=rows,
        )
        scores = {
            candidates[row].id: sqrt(solutions) * passes[row].count(PASSED)
            for group, solutions in zip(grouping.groups, grouping.sizes, strict=True)
            for row in group
        }
        rng = run.rng(self.name, problem.id)
        return grouping.ranking(scores, rng, out_of_time=run.deadline.over)
