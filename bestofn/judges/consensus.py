"""The embedded judge: run the candidates on inputs made up from the problem, and compare.

No model is asked. Candidates that answer alike on every small input form a group; each group is
weighed by its size, the examples and generated tests it passes, the inputs it cannot answer, and
what its answers and sources say by themselves (:mod:`bestofn.judges.agreement`). Within and
between groups, what large inputs do to a program and how it leaves its threads count against the
single candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread

from ..run import Run
from ..types import Candidate, Problem, Ranking
from .agreement import (
    CONSTANT,
    ECHO,
    EXAMPLE_MISSED,
    IDLE,
    MISFIT,
    UNREAD,
    failure_evidence,
    size_evidence,
    test_evidence,
)
from .entry import with_entry_point
from .evidence import STRESS_LIMITS, Inputs, Seen, look
from .groups import Grouping, group_equal, require_programs
from .observe import answer_key
from .reading import Reading, read_program

VARIED_INPUTS = 4
"""How many inputs it takes to say that a program's answer does not depend on them."""

STRESS_FAILED = 2.0
"""Cost (in logarithms) of not answering an input at the statement's bounds in time: made-up
worst cases may be worse than any test, so this is evidence, not a verdict."""

STRESS_SLOW = 1.0
"""Cost of using more than a quarter of the time limit on one."""

THREADS_LEFT = 0.5
"""Cost of leaving threads at work when the program's own code has ended: graders that run
programs inside their own process do not wait for them. Small: it decides between near equals."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What the embedded judge makes of candidates, for judges that build on it.

    Attributes:
        grouping: Candidates of equal behaviour, and the inputs that made the groups.
        scores: Log-likelihood of being right for each candidate id that could be run.
    """

    grouping: Grouping
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ConsensusJudge:
    """Ranks programs by agreement of behaviour, without a model.

    Attributes:
        inputs: Which inputs are made and which claims about answers are used.
    """

    inputs: Inputs = Inputs()
    name: str = "consensus"

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Rank programs; repeatable under ``run.seed`` as long as the time suffices.

        Raises:
            InvalidInput: a candidate is not a program, or its language cannot be run here.
            SandboxError: programs could not be run.
        """
        assessed = await self.assess(problem, candidates, run)
        rng = run.rng(self.name, problem.id)
        return assessed.grouping.ranking(assessed.scores, rng, out_of_time=run.deadline.over)

    async def assess(
        self, problem: Problem, candidates: Sequence[Candidate], run: Run
    ) -> Assessment:
        """Run the candidates and weigh what they do, without putting them in order.

        Raises:
            InvalidInput: a candidate is not a program, or its language cannot be run here.
            SandboxError: programs could not be run.
        """
        require_programs(self.name, candidates)
        if all(candidate.language == "python" for candidate in candidates):
            problem = with_entry_point(problem, [candidate.code for candidate in candidates])
        seen = await look(problem, candidates, run, self.inputs)
        readings = await to_thread.run_sync(
            lambda: [_read(problem, candidate) for candidate in candidates]
        )
        usable = seen.usable()
        equal = group_equal([seen.keys(row, usable) for row in range(len(candidates))])
        grouping = Grouping(
            candidates=candidates,
            weights=seen.weights,
            groups=_idle_apart(equal, readings),
            probes=(*(seen.small[number] for number in usable), *seen.stress),
            rows=[
                (*(small[number] for number in usable), *large)
                for small, large in zip(seen.small_rows, seen.stress_rows, strict=True)
            ],
        )
        scores = {
            candidates[row].id: score + _own_evidence(seen, row)
            for group, score in zip(
                grouping.groups, _group_scores(seen, grouping, usable, readings), strict=True
            )
            for row in group
        }
        return Assessment(grouping=grouping, scores=scores)


def _read(problem: Problem, candidate: Candidate) -> Reading:
    """What a source says by itself; only of Python is anything certain known here."""
    if candidate.language != "python":
        return Reading()
    return read_program(problem, candidate.code)


def _idle_apart(
    groups: Sequence[Sequence[int]], readings: Sequence[Reading]
) -> list[Sequence[int]]:
    """Part every group into those that work on their input and those that do not.

    What ignores its input agrees with a real program by accident, and is no voice for it.
    """
    parts = [[row for row in g if readings[row].idle == idle] for g in groups for idle in (0, 1)]
    return [part for part in parts if part]


def _group_scores(
    seen: Seen, grouping: Grouping, usable: Sequence[int], readings: Sequence[Reading]
) -> list[float]:
    groups, sizes = grouping.groups, grouping.sizes
    # Rows of a group agree on all usable inputs, but a test may use another one: the first of
    # whom the answer is known speaks for its group. Tests that some group was not run on in
    # time are left out.
    verdicts = [[seen.passes(group, test) for group in groups] for test in seen.tests]
    known = [verdict for verdict in verdicts if None not in verdict]
    passes = [[bool(verdict[number]) for verdict in known] for number in range(len(groups))]
    scores = []
    for number, group in enumerate(groups):
        behaviours = [b for b in (seen.small_rows[group[0]][n] for n in usable) if b is not None]
        failed = sum(behaviour.failure != "" for behaviour in behaviours)
        missed = sum(seen.passes(group, example) is False for example in seen.examples)
        scores.append(
            size_evidence(sizes, number)
            + test_evidence(passes, number)
            + failure_evidence(failed)
            + EXAMPLE_MISSED * missed
            + _answer_evidence(seen, group[0], usable)
            + (IDLE if readings[group[0]].idle else 0.0)
            + (UNREAD if all(readings[row].unread for row in group) else 0.0)
        )
    return scores


def _answer_evidence(seen: Seen, row: int, usable: Sequence[int]) -> float:
    """What the answers say by themselves, whoever else gives them."""
    known = [(seen.small[number], seen.small_rows[row][number]) for number in usable]
    answered = [(probe, b) for probe, b in known if b is not None and not b.failure]
    evidence = MISFIT if 2 * sum(b.misfit for _, b in answered) > len(answered) else 0.0
    if sum(behaviour is not None for _, behaviour in known) < VARIED_INPUTS:
        return evidence
    if len({b.key for _, b in answered}) <= 1:
        return evidence + CONSTANT
    handed_back = [
        {place for place, argument in enumerate(probe.input) if b.key == answer_key(argument)}
        for probe, b in answered
        if not isinstance(probe.input, str)
    ]
    echo = bool(handed_back) and set.intersection(*handed_back)
    return evidence + (ECHO if echo else 0.0)


def _own_evidence(seen: Seen, row: int) -> float:
    """What counts against one program whatever group it is in."""
    cost = 0.0
    large = [behaviour for behaviour in seen.stress_rows[row] if behaviour is not None]
    if any(behaviour.failure for behaviour in large):
        cost += STRESS_FAILED
    elif any(behaviour.seconds > STRESS_LIMITS.seconds / 4 for behaviour in large):
        cost += STRESS_SLOW
    if any(behaviour and behaviour.threads_left for behaviour in seen.small_rows[row]):
        cost += THREADS_LEFT
    return -cost
