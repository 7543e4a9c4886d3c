"""Putting candidates of equal behaviour together, and finding the inputs that part them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2

from ..errors import InvalidInput
from ..grading import shorten, show
from ..probes import Probe
from ..types import Candidate, Cluster, Ranking, Split
from .observe import Row

SPLITS_SHOWN = 5
"""Inputs that a ranking keeps to explain itself."""


def group_equal(keys: Sequence[Sequence[str | None]]) -> list[list[int]]:
    """Group rows that agree wherever both are known.

    Args:
        keys: For each candidate its behaviour on each input; None is not known.

    Returns:
        Groups of row numbers. A row of which nothing is known is in none; one that is known
        in part joins the one group that it agrees with, and stays alone if there are several.
    """
    order = sorted(range(len(keys)), key=lambda row: (sum(k is None for k in keys[row]), row))
    groups: list[list[int]] = []
    known: list[list[str | None]] = []
    for row in order:
        if keys[row] and all(key is None for key in keys[row]):
            continue
        fitting = [number for number, merged in enumerate(known) if _agree(keys[row], merged)]
        if len(fitting) == 1:
            merged = known[fitting[0]]
            groups[fitting[0]].append(row)
            merged[:] = [b if a is None else a for a, b in zip(keys[row], merged, strict=True)]
        else:
            groups.append([row])
            known.append(list(keys[row]))
    return [sorted(group) for group in groups]


def _agree(one: Sequence[str | None], other: Sequence[str | None]) -> bool:
    return all(a == b or a is None or b is None for a, b in zip(one, other, strict=True))


def require_programs(judge: str, candidates: Sequence[Candidate]) -> None:
    """Refuse candidates that cannot be executed.

    Raises:
        InvalidInput: one is a patch or an answer.
    """
    for candidate in candidates:
        if candidate.kind != "program":
            raise InvalidInput(
                f"candidates ({candidate.id})",
                f"judge {judge!r} runs programs and cannot run a candidate of kind "
                f"{candidate.kind!r}; use a judge that reads",
            )


def best_first(
    scores: Mapping[str, float],
    candidates: Sequence[Candidate],
    weights: Sequence[int],
    rng: random.Random,
) -> tuple[str, ...]:
    """Ids by score, then by number of copies, then by lot."""
    drawn = list(zip(candidates, weights, strict=True))
    rng.shuffle(drawn)
    drawn.sort(key=lambda pair: (-round(scores[pair[0].id], 9), -pair[1]))
    return tuple(candidate.id for candidate, _ in drawn)


def clusters_of(
    candidates: Sequence[Candidate],
    weights: Sequence[int],
    groups: Sequence[Sequence[int]],
    scores: Mapping[str, float],
) -> tuple[Cluster, ...]:
    """Groups as they are reported: scored by their best member, best first."""
    clusters = [
        Cluster(
            members=tuple(candidates[row].id for row in group),
            weight=sum(weights[row] for row in group),
            score=max(scores[candidates[row].id] for row in group),
        )
        for group in groups
    ]
    return tuple(sorted(clusters, key=lambda cluster: (-cluster.score, cluster.members)))


def abstention(
    order: Sequence[str],
    scores: Mapping[str, float],
    candidates: Sequence[Candidate],
    groups: Sequence[Sequence[int]],
    inputs: int,
) -> str | None:
    """Why the first of ``order`` is no better than others that behave differently, if so."""
    group_of = {candidates[row].id: n for n, group in enumerate(groups) for row in group}
    if not group_of:
        return "no candidate could be run in time"
    if inputs == 0:
        return "there was no input to compare them on"
    unseen = len(candidates) - len(group_of)
    level = [id for id in order if abs(scores[id] - scores[order[0]]) < 1e-9]
    if len(groups) == 1:
        if len(level) < len(group_of):
            return None
        late = f"; {unseen} could not be run in time" if unseen else ""
        return f"all {len(group_of)} behaved the same on {inputs} inputs{late}"
    if len({group_of[id] for id in level}) == 1:
        return None
    return f"{len(level)} candidates that behave differently have the same evidence"


def telling_inputs(
    candidates: Sequence[Candidate],
    weights: Sequence[int],
    probes: Sequence[Probe],
    rows: Sequence[Row],
) -> tuple[Split, ...]:
    """The inputs that tell candidates apart best, most telling first.

    An input is more telling the more evenly it splits the candidates (entropy of the answers,
    weighted by copies). People will read it, so small inputs come before large ones, and of
    two that split alike the one from the statement, then the shorter one. Inputs that repeat a
    split are left out.
    """
    found: list[tuple[tuple[bool, float, bool, int, int], Split, frozenset[frozenset[int]]]] = []
    for number, probe in enumerate(probes):
        answers: dict[str, list[int]] = {}
        for row, behaviours in enumerate(rows):
            behaviour = behaviours[number]
            if behaviour is not None:
                answers.setdefault(behaviour.key, []).append(row)
        if len(answers) < 2:
            continue
        total = sum(weights[row] for members in answers.values() for row in members)
        shares = [sum(weights[row] for row in members) / total for members in answers.values()]
        entropy = -sum(share * log2(share) for share in shares)
        text = probe.input if isinstance(probe.input, str) else _call(probe.input)
        split = Split(
            input=shorten(text),
            origin=probe.origin,
            answers=tuple(
                (_shown(rows[members[0]], number), tuple(candidates[row].id for row in members))
                for members in sorted(
                    answers.values(), key=lambda m: -sum(weights[row] for row in m)
                )
            ),
        )
        rank = (probe.origin == "stress", -entropy, not probe.trusted, len(text), number)
        found.append((rank, split, frozenset(frozenset(m) for m in answers.values())))
    found.sort(key=lambda item: item[0])
    shown: list[Split] = []
    seen: set[frozenset[frozenset[int]]] = set()
    for _, split, partition in found:
        if partition not in seen:
            seen.add(partition)
            shown.append(split)
    return tuple(shown[:SPLITS_SHOWN])


def _call(arguments: tuple[object, ...]) -> str:
    return ", ".join(map(show, arguments))


def _shown(row: Row, number: int) -> str:
    behaviour = row[number]
    assert behaviour is not None  # only known behaviour is grouped
    return behaviour.shown or "(nothing)"


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Candidates in groups of equal behaviour, and the inputs that made the groups.

    Attributes:
        candidates: In the order of ``weights`` and ``rows``.
        weights: How many of the candidates handed in each one stands for.
        groups: Row numbers, see :func:`group_equal`.
        probes: The inputs.
        rows: What each candidate did on each of them.
    """

    candidates: Sequence[Candidate]
    weights: Sequence[int]
    groups: Sequence[Sequence[int]]
    probes: Sequence[Probe]
    rows: Sequence[Row]

    @property
    def sizes(self) -> list[int]:
        """How many of the candidates handed in each group stands for."""
        return [sum(self.weights[row] for row in group) for group in self.groups]

    def ranking(
        self, scores: Mapping[str, float], rng: random.Random, *, out_of_time: bool
    ) -> Ranking:
        """Rank by scores and explain by groups and inputs; who was not seen comes last."""
        last = min(scores.values(), default=0.0) - 1.0
        scores = {c.id: scores.get(c.id, last) for c in self.candidates}
        order = best_first(scores, self.candidates, self.weights, rng)
        return Ranking(
            order=order,
            scores=scores,
            clusters=clusters_of(self.candidates, self.weights, self.groups, scores),
            splits=telling_inputs(self.candidates, self.weights, self.probes, self.rows),
            abstained=abstention(order, scores, self.candidates, self.groups, len(self.probes)),
            stopped_by="seconds" if out_of_time else None,
        )
