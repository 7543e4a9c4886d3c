"""What is known before a model is asked: who need not meet, and how much speaks for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from ..run import BoundedExecutor, Deadline, Run
from ..types import Candidate, Cluster, Problem, Ranking
from .consensus import ConsensusJudge
from .evidence import Inputs
from .groups import Grouping

RUNNING_SHARE = 0.4
"""Of the time that is left, how much running the candidates may take."""

RUNNING_SECONDS = 30.0
"""Longest time that running the candidates takes where models may take as long as they need."""

ALIKE_INPUTS = 10
"""Answered inputs on which programs must agree to count as one: on fewer, agreement is chance."""

STRONGEST_PRIOR = 3.0
"""Limit of what speaks for a candidate beforehand, in natural-log odds (20 to 1). Programs that
come from one model also agree on mistakes; a judge must be able to overrule them."""


@dataclass(frozen=True, kw_only=True)
class Beforehand:
    """What is known before the first comparison.

    Attributes:
        entrants: Candidate ids that meet.
        merged: For entrants that stand for others of the same behaviour: those, best first.
        prior: Natural-log odds for each entrant relative to the others.
        grouping: What was observed; None where nothing was run.
        ranking: The embedded judge's ranking; None where nothing was run.
    """

    entrants: tuple[str, ...]
    merged: Mapping[str, tuple[str, ...]]
    prior: Mapping[str, float]
    grouping: Grouping | None = None
    ranking: Ranking | None = None

    def everyone(self, order: Sequence[str]) -> tuple[str, ...]:
        """An order of entrants with the merged behind the one that stands for them."""
        return tuple(id for entrant in order for id in (entrant, *self.merged.get(entrant, ())))

    def scores(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Scores of entrants, handed on to the merged."""
        return {id: score for entrant, score in scores.items() for id in self.everyone([entrant])}

    def clusters(self, scores: Mapping[str, float], order: Sequence[str]) -> tuple[Cluster, ...]:
        """The groups of equal behaviour with the scores of everyone, best first."""
        if self.ranking is None:
            return ()
        place = {id: number for number, id in enumerate(order)}
        clusters = [
            replace(cluster, score=max(scores[id] for id in cluster.members))
            for cluster in self.ranking.clusters
        ]
        return tuple(sorted(clusters, key=lambda c: min(place[id] for id in c.members)))


async def look_beforehand(
    problem: Problem,
    candidates: Sequence[Candidate],
    run: Run,
    inputs: Inputs | None,
    *,
    compare_equivalent: bool,
) -> Beforehand:
    """Run programs as the embedded judge does, and merge those of equal behaviour.

    Args:
        problem: The task.
        candidates: At least two.
        run: The selection's sandbox, seed and time.
        inputs: Which inputs to make; None runs nothing, and then everybody meets. So it is too
            when a candidate is not a program.
        compare_equivalent: Whether programs of equal behaviour meet all the same.

    Raises:
        SandboxError: programs could not be run.
    """
    if inputs is None or any(candidate.kind != "program" for candidate in candidates):
        copies = {c.id: log(run.copies.get(c.id, 1)) for c in candidates}
        return Beforehand(entrants=tuple(copies), merged={}, prior=relative_odds(copies))
    seconds = min(RUNNING_SECONDS, RUNNING_SHARE * run.deadline.remaining)
    deadline = Deadline.after(seconds)
    bounded = replace(run, sandbox=BoundedExecutor(run.sandbox, deadline), deadline=deadline)
    embedded = ConsensusJudge(inputs=inputs)
    assessed = await embedded.assess(problem, candidates, bounded)
    grouping = assessed.grouping
    ranking = grouping.ranking(
        assessed.scores, run.rng(embedded.name, problem.id), out_of_time=False
    )
    ids = [candidate.id for candidate in candidates]
    merged: dict[str, tuple[str, ...]] = {}
    if not compare_equivalent:
        for group in grouping.groups:
            if surely_alike(grouping, group):
                best, *others = sorted((ids[row] for row in group), key=ranking.order.index)
                merged[best] = tuple(others)
    absent = {id for others in merged.values() for id in others}
    entrants = tuple(id for id in ids if id not in absent)
    return Beforehand(
        entrants=entrants,
        merged={best: others for best, others in merged.items() if others},
        prior=relative_odds({id: ranking.scores[id] for id in entrants}),
        grouping=grouping,
        ranking=ranking,
    )


def surely_alike(grouping: Grouping, group: Sequence[int]) -> bool:
    """Whether enough was seen of a group to take its programs for one.

    They were all run on enough inputs that at least one of them answered, and the answers are
    not all the same: programs that fail alike, or print one word whatever they read, may differ
    where no input happened to look.
    """
    answers = []
    for number in range(len(grouping.probes)):
        seen = [grouping.rows[row][number] for row in group]
        known = [behaviour for behaviour in seen if behaviour is not None]
        if len(known) == len(seen):
            answers += [next((b.key for b in known if not b.failure), None)]
    answered = [answer for answer in answers if answer is not None]
    return len(answered) >= ALIKE_INPUTS and len(set(answered)) > 1


def relative_odds(scores: Mapping[str, float]) -> dict[str, float]:
    """Log-likelihoods as natural-log odds against the mean of the others, within limits."""
    if len(scores) < 2:
        return dict.fromkeys(scores, 0.0)
    odds = {}
    for id, score in scores.items():
        others = [other for name, other in scores.items() if name != id]
        highest = max(others)
        mean = highest + log(sum(exp(other - highest) for other in others) / len(others))
        # Rounded, so that equal scores stay a tie whatever the order of the sums.
        odds[id] = max(-STRONGEST_PRIOR, min(STRONGEST_PRIOR, round(score - mean, 9)))
    return odds
