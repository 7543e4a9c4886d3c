"""Putting right in drawn arguments what intervals cannot express."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from .layout import Layout

if TYPE_CHECKING:
    from .sampling import Draw


def tree_edges(draw: Draw, name: str, edges: int, width: int) -> list[list[int]]:
    """The edges of a random tree, with numbers in the places after the two ends.

    Args:
        draw: Gives the numbers.
        name: The parameter, whose first places say whether nodes count from 0 or 1.
        edges: How many.
        width: Places in an edge.
    """
    rng = draw.rng
    low = int(max(0, draw.box.get((name, ("*", "0"), "value"))[0]))
    labels = rng.sample(range(low, low + edges + 1), edges + 1)
    line = draw.profile.style in ("ascending", "equal")
    made = []
    for node in range(1, edges + 1):
        edge = [labels[node - 1 if line else rng.randrange(node)], labels[node]]
        rng.shuffle(edge)
        for place in range(2, width):
            key = (name, ("*", str(place)), "value")
            edge.append(int(draw.number(key, draw.box.get(key))))
        made.append(edge)
    rng.shuffle(made)
    return made


def repair(layout: Layout, values: dict[str, Any], rng: random.Random) -> None:
    """Set what single elements must be: ``parent[0] == -1``, ``grid[i][i] == 0``.

    Args:
        layout: Says what.
        values: The arguments by name, changed in place.
        rng: Picks the element where any will do.
    """
    for rule in layout.special:
        relation = rule.relation
        for side, other in (
            (relation.left, relation.right),
            (relation.right, relation.left),
        ):
            if relation.op == "==" and side.ref is not None and not rule.start:
                target = other.value(lambda ref: _whole(values.get(ref.base)))
                if target is not None:
                    _assign(values.get(side.ref.base), side.ref.subs, target, rng, some=rule.some)


def _assign(
    items: Any, subs: tuple[str, ...], target: int, rng: random.Random, *, some: bool
) -> None:
    if not isinstance(items, list) or not items or not subs:
        return
    if some:
        place = rng.randrange(len(items))
        if len(subs) == 1:
            items[place] = target
        elif isinstance(items[place], list):
            _set(items[place], subs[1], target)
    elif len(subs) == 1:
        _set(items, subs[0], target)
    elif len(subs) == 2 and subs[0] == subs[1]:
        for place, row in enumerate(items):
            _set(row, str(place), target)


def _set(items: Any, sub: str, target: int) -> None:
    if sub.isdigit() and isinstance(items, list) and int(sub) < len(items):
        items[int(sub)] = target


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
