"""Small changes of a public sample that keep its counts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .draw import Drawer
from .grammar import Env, Value
from .ranges import CannotDraw
from .shapes import draw_numbers


def mutate(sample: Env, drawer: Drawer, frozen: frozenset[str], rng: np.random.Generator) -> Env:
    """A copy of a sample with one list or one token changed.

    Args:
        sample: A valid input.
        drawer: Knows the rules.
        frozen: Base names that must stay.
        rng: Where randomness comes from.

    Raises:
        CannotDraw: nothing may be changed.
    """
    env = copy.deepcopy(sample)
    scopes: list[tuple[Env, int | None]] = [(env, None)]
    scopes += [(member, kind) for kind, member in env.members]
    keep = frozen | drawer.sizes
    targets = [
        (scope, kind, place, name)
        for scope, kind in scopes
        for place, names in (
            ("scalar", list(scope.scalars)),
            ("list", [name for name, values in scope.lists.items() if len(values)]),
            ("row", [name for name, rows in scope.rows.items() if rows]),
        )
        for name in names
        if not {name, name.rpartition("_")[0]} & keep
    ]
    if not targets:
        raise CannotDraw
    for _ in range(1 + int(rng.integers(2))):
        scope, kind, place, name = targets[int(rng.integers(len(targets)))]
        if place == "scalar":
            base = name if name in drawer.rules.numeric else name.rpartition("_")[0] or name
            scope.scalars[name] = _other(scope.scalars[name], base, scope, kind, drawer, rng)
        elif place == "list":
            _change(scope.lists[name], name, scope, kind, drawer, rng)
        else:
            rows = [row for row in scope.rows[name] if len(row)]
            if rows:
                _change(rows[int(rng.integers(len(rows)))], name, scope, kind, drawer, rng)
    return env


def _change(
    values: Any, base: str, env: Env, kind: int | None, drawer: Drawer, rng: np.random.Generator
) -> None:
    """Shuffles, swaps, or replaces members of a list in place."""
    choice = int(rng.integers(4))
    if choice == 0 and len(values) > 1:
        moved = [values[k] for k in rng.permutation(len(values))]
        for k, value in enumerate(moved):
            values[k] = value
    elif choice == 1 and len(values) > 1:
        i, j = (int(k) for k in rng.permutation(len(values))[:2])
        values[i], values[j] = values[j], values[i]
    elif choice == 2 and len(values) > 1:
        values[int(rng.integers(len(values)))] = values[int(rng.integers(len(values)))]
    else:
        k = int(rng.integers(len(values)))
        values[k] = _other(values[k], base, env, kind, drawer, rng, place=k)


def _other(
    value: Value,
    base: str,
    env: Env,
    kind: int | None,
    drawer: Drawer,
    rng: np.random.Generator,
    place: int = 0,
) -> Value:
    """Another value for one token."""
    if not isinstance(value, str):
        value = int(value)
        low, high = drawer.ends(base, env, kind)
        if any(np.ndim(end) and not len(end) for end in (low, high)):
            return value
        low, high = (
            int(end[min(place, len(end) - 1)]) if np.ndim(end) else int(end) for end in (low, high)
        )
        step = int(rng.integers(-2, 3))
        if rng.integers(2) and low <= value + step <= high:
            return value + step
        return int(draw_numbers(rng, low, high, 1, "log" if rng.integers(2) else "uniform")[0])
    words = drawer.rules.facts.words.get(base)
    if words:
        return words[int(rng.integers(len(words)))]
    characters = drawer.rules.facts.alphabets.get(base) or drawer.seen.characters.get(base, "")
    if not value or not characters:
        return value
    if rng.integers(2):
        return "".join(value[k] for k in rng.permutation(len(value)))
    k = int(rng.integers(len(value)))
    return value[:k] + characters[int(rng.integers(len(characters)))] + value[k + 1 :]
