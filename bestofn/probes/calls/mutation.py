"""Small changes to arguments that were seen, of the same type and in the same spirit."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from .kinds import Kind, ListOf, Str
from .layout import Layout

_TRIES = 8


def mutate(
    layout: Layout, seen: Sequence[tuple[Any, ...]], rng: random.Random
) -> tuple[Any, ...] | None:
    """One changed copy of a call that was seen.

    Args:
        layout: What the result must satisfy.
        seen: Calls to start from; values may wander from one to another.
        rng: Where chance comes from.

    Returns:
        The arguments, or None when some tries broke the layout.
    """
    if not seen:
        return None
    for _ in range(_TRIES):
        arguments = list(copy.deepcopy(rng.choice(seen)))
        for _ in range(rng.choice((1, 1, 2, 3))):
            _change(layout, arguments, seen, rng)
        if layout.accepts(arguments):
            return tuple(arguments)
    return None


def _change(
    layout: Layout, arguments: list[Any], seen: Sequence[tuple[Any, ...]], rng: random.Random
) -> None:
    frozen = layout.constraints.frozen
    places = [place for place, name in enumerate(layout.names) if name not in frozen]
    if not places:
        return
    place = rng.choice(places)
    value = arguments[place]
    twins = [
        other for other in places
        if isinstance(value, list) and isinstance(arguments[other], list)
        and len(arguments[other]) == len(value)
    ]  # fmt: skip
    roll = rng.random()
    if isinstance(value, list) and value and len(twins) > 1 and roll < 0.5:
        _together(arguments, twins, rng)
    elif roll < 0.15:
        arguments[place] = copy.deepcopy(rng.choice(seen)[place])
    else:
        pool = [one for call in seen for one in _atoms(call[place])]
        arguments[place] = changed(value, layout.kinds[place], pool, rng)


def _together(arguments: list[Any], places: Sequence[int], rng: random.Random) -> None:
    """The same change of places in lists that run in parallel."""
    size = len(arguments[places[0]])
    at, other = rng.randrange(size), rng.randrange(size)
    action = rng.choice(("drop", "repeat", "swap", "reverse"))
    for place in places:
        items = arguments[place]
        if action == "drop":
            del items[at]
        elif action == "repeat":
            items.insert(at, copy.deepcopy(items[other]))
        elif action == "swap":
            items[at], items[other] = items[other], items[at]
        else:
            items.reverse()


def changed(value: Any, kind: Kind, pool: Sequence[Any], rng: random.Random) -> Any:
    """One changed copy of a value, of its own type.

    Args:
        value: A plain value; it may be changed in place.
        kind: What it should stay, as far as it is known.
        pool: Numbers, texts and characters that were seen at this place.
        rng: Where chance comes from.
    """
    match value:
        case bool():
            return not value
        case int():
            numbers = [x for x in pool if type(x) is int] or [value]
            return rng.choice(
                (value + 1, value - 1, value * 2, value // 2, -value, 0, 1, rng.choice(numbers),
                 value + rng.randint(-9, 9))
            )  # fmt: skip
        case float():
            reals = [float(x) for x in pool if type(x) in (int, float)] or [value]
            return rng.choice(
                (value + 1, value - 0.5, round(value * 2, 4), round(value / 2, 4), -value, 0.0,
                 float(round(value)), rng.choice(reals))
            )  # fmt: skip
        case str():
            return changed_text(value, kind, [x for x in pool if isinstance(x, str)], rng)
        case list():
            return _changed_list(value, kind, pool, rng)
        case tuple():
            items = list(value)
            if items:
                at = rng.randrange(len(items))
                items[at] = changed(items[at], kind, pool, rng)
            return tuple(items)
        case dict():
            return _changed_dict(value, pool, rng)
        case set():
            return set(_changed_list(sorted(value, key=repr), kind, pool, rng))
    return value


def changed_text(text: str, kind: Kind, pool: Sequence[str], rng: random.Random) -> str:
    """One changed copy of a text; one of a fixed shape keeps its signs and words."""
    if isinstance(kind, Str) and (kind.fixed_shape or kind.numeric):
        return re.sub(r"\d+", lambda match: _digits(match.group(), rng), text)
    letters = list(text)
    chars = (kind.alphabet if isinstance(kind, Str) else "") or "".join(pool) or text
    if not letters:
        return rng.choice(chars) if chars else text
    at, other = rng.randrange(len(letters)), rng.randrange(len(letters))
    actions: tuple[Callable[[], Any], ...] = (
        lambda: letters.pop(at),
        lambda: letters.insert(at, letters[other]),
        lambda: letters.insert(at, rng.choice(chars)),
        lambda: letters.__setitem__(at, rng.choice(chars)),
        lambda: letters.__setitem__(at, letters[at].swapcase()),
        lambda: letters.reverse(),
        lambda: rng.shuffle(letters),
        lambda: letters.extend(letters),
        lambda: letters.extend(rng.choice(pool) if pool else ""),
        lambda: letters.__setitem__(slice(max(at, other), None), []),
    )
    rng.choice(actions)()
    return "".join(letters)


def _digits(text: str, rng: random.Random) -> str:
    if rng.random() < 0.5:
        return text
    if len(text) > 1 and rng.random() < 0.7:
        return "".join(rng.choice("0123456789") for _ in text)
    return str(rng.randint(0, 20)).zfill(len(text) if text.startswith("0") else 1)


def _changed_list(
    items: list[Any], kind: Kind, pool: Sequence[Any], rng: random.Random
) -> list[Any]:
    element: Kind = kind.element if isinstance(kind, ListOf) else kind
    if not items:
        plain = [x for x in pool if not isinstance(x, list)]
        return [copy.deepcopy(rng.choice(plain)) for _ in range(rng.randint(1, 3))] if plain else []
    at, other = rng.randrange(len(items)), rng.randrange(len(items))
    actions: tuple[Callable[[], Any], ...] = (
        lambda: items.pop(at),
        lambda: items.insert(at, copy.deepcopy(items[other])),
        lambda: items.__setitem__(at, copy.deepcopy(items[other])),
        lambda: items.reverse(),
        lambda: rng.shuffle(items),
        lambda: _sort(items),
        lambda: items.__setitem__(slice(max(1, at), None), []),
        lambda: items.extend(copy.deepcopy(items)),
    )
    if rng.random() < 0.55:
        items[at] = changed(items[at], element, pool, rng)
    else:
        rng.choice(actions)()
    return items


def _sort(items: list[Any]) -> None:
    items.sort(key=lambda item: (type(item).__name__, item if isinstance(item, int | float | str)
                                 else repr(item)))  # fmt: skip


def _changed_dict(value: dict[Any, Any], pool: Sequence[Any], rng: random.Random) -> dict[Any, Any]:
    if not value:
        return value
    keys = list(value)
    key = rng.choice(keys)
    roll = rng.random()
    if roll < 0.25:
        del value[key]
    elif roll < 0.5:
        value[key] = changed(value[key], Str(), pool, rng)
    else:
        new = changed(key, Str(), [x for x in pool if type(x) is type(key)], rng)
        if roll < 0.8:
            value = {(new if old == key else old): item for old, item in value.items()}
        else:
            value[new] = value[key]
    return value


def _atoms(value: Any) -> list[Any]:
    match value:
        case list() | tuple() | set():
            items = sorted(value, key=repr) if isinstance(value, set) else value
            return [atom for item in items for atom in _atoms(item)]
        case dict():
            return [atom for pair in value.items() for atom in _atoms(pair)]
    return [value]
