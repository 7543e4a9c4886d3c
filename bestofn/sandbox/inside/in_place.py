"""What a program did to the arguments it was passed, done again to those of the caller."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

_DICTS = (dict, Counter, OrderedDict, defaultdict)
_MUTABLE = frozenset([list, deque, set, bytearray, *_DICTS])
_SEARCHED = 100  # items among which an equal one is looked for; beyond, the place decides


def can_change(value: Any) -> bool:
    """Whether a plain value is, or holds, something that can be changed in place."""
    return type(value) in _MUTABLE or (type(value) is tuple and any(map(can_change, value)))


def change(old: Any, new: Any) -> None:
    """Give ``old`` the content of ``new``.

    Containers within stay the same objects where their content is found again, or else where
    their place is: whoever holds on to one sees what became of it.

    Raises:
        TypeError: the two are not of one kind, or cannot be changed.
    """
    kind = type(old)
    if kind is not type(new) or not can_change(old):
        raise TypeError(f"a {kind.__name__} became a {type(new).__name__}")
    if kind is tuple:
        for before, after in zip(old, new, strict=True):
            if can_change(before):
                change(before, after)
    elif kind is list:
        old[:] = _merged(old, new)
    elif kind is deque:
        items = _merged(list(old), list(new))
        old.clear()
        old.extend(items)
    elif kind is bytearray:
        old[:] = new
    elif kind is set:
        old.clear()
        old.update(new)
    else:
        items = [
            (key, _merged([old[key]], [new[key]])[0] if key in old else new[key]) for key in new
        ]
        old.clear()
        for key, item in items:
            old[key] = item


def _merged(old: list[Any], new: list[Any]) -> list[Any]:
    """The items of ``new``, as objects of ``old`` where they can be told to be the same."""
    if not any(map(can_change, old)):
        return new
    result = list(new)
    left: list[int] = []  # places of both whose items were not found again in place
    for place, item in enumerate(new):
        if place < len(old) and type(old[place]) is type(item) and old[place] == item:
            result[place] = old[place]
        else:
            left.append(place)
    spare = dict.fromkeys([*left, *range(len(new), len(old))])
    unfound = []
    for place in left:
        found = None
        if len(spare) <= _SEARCHED and can_change(new[place]):
            found = next((s for s in spare if s < len(old) and _equal(old[s], new[place])), None)
        if found is None:
            unfound.append(place)
        else:
            result[place] = old[found]
            del spare[found]
    for place in unfound:
        if place in spare and place < len(old) and _is_same_shape(old[place], new[place]):
            change(old[place], new[place])
            result[place] = old[place]
    return result


def _is_same_shape(old: Any, new: Any) -> bool:
    if not can_change(old) or type(old) is not type(new):
        return False
    return type(old) is not tuple or (
        len(old) == len(new)
        and all(a == b or _is_same_shape(a, b) for a, b in zip(old, new, strict=True))
    )


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)
