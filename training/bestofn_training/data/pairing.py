"""Which candidates are shown together: sets with at least one right and one wrong. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bestofn.filters.duplicates import fingerprint
from bestofn.types import Candidate

Within = Literal["pool", "generator"]

NO_PROGRAM = "no program"
COPY = "copy of another candidate"
CONTRADICTION = "the same program is recorded as right and as wrong"

NO_CANDIDATE = "no candidate of this side's generators"
NO_RIGHT = "no right candidate"
NO_WRONG = "no wrong candidate"
TOO_FEW = "too few candidates"

_TRIES = 20  # a set is drawn anew so often, on average, before fewer sets than wanted are taken


def generator_of(candidate: Candidate, column: str) -> str:
    """Who wrote a candidate: that column of its metadata, else its id up to the last slash."""
    named = candidate.metadata.get(column)
    if isinstance(named, str) and named.strip():
        return named.strip()
    return candidate.id.rpartition("/")[0] or "unknown"


@dataclass(frozen=True, kw_only=True)
class Sieved:
    """The candidates that may be shown, and why the others may not.

    Attributes:
        kept: In the order they came.
        dropped: Reasons by id.
        copies: For each kept id how many candidates it stands for, itself included.
    """

    kept: tuple[Candidate, ...]
    dropped: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)


def sieve(candidates: Sequence[Candidate], verdicts: Mapping[str, bool]) -> Sieved:
    """Leave out what a judge never sees: empty candidates and copies, as at inference.

    A program that is recorded once as right and once as wrong teaches nothing: all its copies go.
    """
    dropped: dict[str, str] = {}
    copies: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.code.strip():
            copies.setdefault(fingerprint(candidate.code), []).append(candidate)
        else:
            dropped[candidate.id] = NO_PROGRAM
    kept: dict[str, Candidate] = {}
    counts: dict[str, int] = {}
    for same in copies.values():
        if len({verdicts[candidate.id] for candidate in same}) > 1:
            dropped |= {candidate.id: CONTRADICTION for candidate in same}
            continue
        kept[same[0].id] = same[0]
        counts[same[0].id] = len(same)
        dropped |= {candidate.id: COPY for candidate in same[1:]}
    return Sieved(kept=tuple(kept.values()), dropped=dropped, copies=counts)


def candidate_sets(
    groups: Sequence[Sequence[str]],
    verdicts: Mapping[str, bool],
    *,
    k: int,
    most: int | None,
    rng: random.Random,
) -> list[tuple[str, ...]]:
    """Sets of ``k`` candidates with at least one right and one wrong, in a random order.

    Args:
        groups: Candidate ids; a set never mixes two groups.
        verdicts: Which are right.
        k: Size of a set, at least 2.
        most: How many sets are taken at most, spread over all groups; None takes every pair, and
            is for ``k == 2`` alone.
        rng: Decides which, and in which order each is shown first.
    """
    parted = [
        ([id for id in group if verdicts[id]], [id for id in group if not verdicts[id]])
        for group in groups
    ]
    usable = [(right, wrong) for right, wrong in parted if right and wrong]
    usable = [(right, wrong) for right, wrong in usable if len(right) + len(wrong) >= k]
    if not usable:
        return []
    sets = _pairs(usable, most, rng) if k == 2 else _drawn(usable, k, most or 0, rng)
    return [tuple(rng.sample(members, k)) for members in sets]


def _pairs(
    groups: Sequence[tuple[list[str], list[str]]], most: int | None, rng: random.Random
) -> list[list[str]]:
    """Pairs drawn without putting back; by number, as 100 candidates make thousands."""
    sizes = [len(right) * len(wrong) for right, wrong in groups]
    total = sum(sizes)
    chosen = range(total) if most is None or most >= total else rng.sample(range(total), most)
    pairs = []
    for number in sorted(chosen):
        group = 0
        while number >= sizes[group]:
            number -= sizes[group]
            group += 1
        right, wrong = groups[group]
        pairs.append([right[number // len(wrong)], wrong[number % len(wrong)]])
    return pairs


def _drawn(
    groups: Sequence[tuple[list[str], list[str]]], k: int, most: int, rng: random.Random
) -> list[list[str]]:
    """Sets of more than two: one right, one wrong, and the rest whatever comes."""
    found: dict[frozenset[str], list[str]] = {}
    for _ in range(_TRIES * most):
        if len(found) == most:
            break
        right, wrong = rng.choice(groups)
        one = [rng.choice(right), rng.choice(wrong)]
        rest = [id for id in (*right, *wrong) if id not in one]
        members = [*one, *rng.sample(rest, k - 2)]
        found.setdefault(frozenset(members), members)
    return list(found.values())


def both_orders(members: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The two orders in which a set is shown: as drawn, and the other way round."""
    return members, members[::-1]


def why_none(ids: Sequence[str], verdicts: Mapping[str, bool]) -> str:
    """Why candidates make no set."""
    if not ids:
        return NO_CANDIDATE
    if not any(verdicts[id] for id in ids):
        return NO_RIGHT
    return NO_WRONG if all(verdicts[id] for id in ids) else TOO_FEW
