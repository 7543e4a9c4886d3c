"""Why a candidate was chosen, in words, from the evidence in a Selection."""

from __future__ import annotations

from ..grading import shorten
from ..types import Cluster, Selection, Split

SHOWN = 60
"""Characters of an input or answer in a sentence."""


def why(selection: Selection) -> str:
    """One or two sentences: what was dropped, who agreed, and the input that told them apart."""
    parts = [text for text in (_dropped(selection), _agreement(selection)) if text]
    if split := telling_split(selection):
        parts.append(_contrast(split, selection.best.id))
    if selection.abstained is not None:
        parts.append(f"undecided: {selection.abstained}")
    return "; ".join(parts) or "nothing to compare"


def telling_split(selection: Selection) -> Split | None:
    """The first input on which the chosen candidate and a runner-up part, if there is one."""
    best = selection.best.id
    for split in selection.ranking.splits:
        groups = [best in names for _, names in split.answers]
        if any(groups) and not all(groups):
            return split
    return None


def copies(selection: Selection) -> dict[str, int]:
    """How many candidates each one that was judged stands for, itself included."""
    counts = dict.fromkeys(selection.ranking.order, 1)
    for rejection in selection.rejected:
        if rejection.same_as is not None:
            counts[rejection.same_as] = counts.get(rejection.same_as, 1) + 1
    return counts


def _dropped(selection: Selection) -> str:
    failing = sum(r.by == "public_tests" for r in selection.rejected)
    if not failing:
        if len(selection.ranking.order) == 1 and any(r.same_as for r in selection.rejected):
            return "all candidates are the same program"
        return ""
    if len(selection.ranking.order) == 1:
        return f"the only program that public tests leave; they drop {failing}"
    return f"public tests drop {failing}"


def _agreement(selection: Selection) -> str:
    clusters = selection.ranking.clusters
    top = _cluster_of(selection)
    if top is None or len(selection.ranking.order) == 1:
        return ""
    total = sum(cluster.weight for cluster in clusters)
    if len(clusters) == 1:
        return f"all {total} left behave alike"
    return f"{top.weight} of {total} behave like it, in {len(clusters)} groups"


def _cluster_of(selection: Selection) -> Cluster | None:
    return next(
        (c for c in selection.ranking.clusters if selection.best.id in c.members),
        None,
    )


def _contrast(split: Split, best: str) -> str:
    mine = next(answer for answer, names in split.answers if best in names)
    others = [(answer, names) for answer, names in split.answers if best not in names]
    answer, names = max(others, key=lambda entry: len(entry[1]))
    return (
        f"on {split.origin} input {shorten(split.input, SHOWN)!r} it gives {shorten(mine, 40)!r}, "
        f"{len(names)} other{'s' if len(names) > 1 else ''} {shorten(answer, 40)!r}"
    )
