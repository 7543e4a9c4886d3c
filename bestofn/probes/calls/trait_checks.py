"""Whether arguments have the properties that constraint lines say in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .boxes import Box
from .kinds import all_different, is_ordered
from .traits import Trait


def base_of(subject: str) -> str:
    """``words`` of ``words[i].length``."""
    return re.split(r"[\[.]", subject, maxsplit=1)[0]


def length_of(value: Any) -> int | None:
    """The length of a list or text."""
    return len(value) if isinstance(value, list | str) else None


def number_of(value: Any) -> float | None:
    """The value of a number, or of a text that spells a whole one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and 0 < len(value) < 300 and value.isascii() and value.isdigit():
        return int(value)
    return None


def parts_at(subject: str, value: Any) -> list[Any]:
    """The values that a subject such as ``words[i]`` or ``queries[i][0]`` speaks of."""
    level = [value]
    for sub in re.findall(r"\[(\w+)\]", subject):
        nested = [item for item in level if isinstance(item, list | str)]
        if sub.isdigit():
            level = [item[int(sub)] for item in nested if int(sub) < len(item)]
        else:
            level = [one for item in nested for one in item]
    return level


def leaves(value: Any) -> list[Any]:
    """What nested lists hold in the end."""
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def has_trait(trait: Trait, values: Mapping[str, Any], box: Box) -> bool:
    """Whether the arguments have a property.

    Args:
        trait: The property and its subject.
        values: The arguments by name.
        box: What other names of the text may be.
    """
    name = base_of(trait.subject)
    if name not in values:
        ends = box.get((name, (), "value"))
        return ends[0] != ends[1] or _number_has(trait, int(ends[0]), values, box)
    parts = parts_at(trait.subject, values[name])
    if trait.subject.endswith(".length"):
        return all(_number_has(trait, len(part), values, box) for part in parts)
    match trait.name:
        case "alphabet":
            texts = [leaf for part in parts for leaf in leaves(part) if isinstance(leaf, str)]
            return all(set(text) <= set(trait.value) for text in texts)
        case "options":
            return set(map(repr, (x for p in parts for x in leaves(p)))) <= set(
                map(repr, trait.value)
            )
        case "unique":
            if "[" in trait.subject and not isinstance(parts[0] if parts else None, list | str):
                return all_different(parts)
            if re.search(r"\[[a-z]\]$", trait.subject) and isinstance(values[name], list):
                return all_different(parts)
            return all(all_different(part) for part in parts if isinstance(part, list | str))
        case "ascending" | "descending":
            down = trait.name == "descending"
            return all(is_ordered(p, descending=down) for p in parts if isinstance(p, list))
        case "permutation":
            return all(
                sorted(p) in (list(range(len(p))), list(range(1, len(p) + 1)))
                for p in parts if isinstance(p, list)
            )  # fmt: skip
        case "shuffle_of":
            return all(sorted(part) == sorted(values.get(trait.value, "")) for part in parts)
        case "no_leading_zeros":
            return all(p == "0" or not p.startswith("0") for p in parts if isinstance(p, str))
        case "contains":
            return all(trait.value in part for part in parts)
        case "contains_once":
            return all(part.count(trait.value) == 1 for part in parts if isinstance(part, str))
        case "tree_edges":
            return all(_is_tree(part) for part in parts)
        case "tree_parents":
            return all(_are_parents(part) for part in parts)
        case _:
            return all(
                _number_has(trait, part, values, box) for part in parts if isinstance(part, int)
            )


def _number_has(trait: Trait, number: int, values: Mapping[str, Any], box: Box) -> bool:
    if trait.name == "odd":
        return number % 2 == 1
    if trait.name != "multiple_of":
        return True
    by = divisor_of(trait, values, box)
    return by is None or number % by == 0


def divisor_of(trait: Trait, values: Mapping[str, Any], box: Box) -> int | None:
    """The divisor that a ``multiple_of`` trait names, when it has a value."""
    text = str(trait.value)
    if text.isdigit():
        return int(text) or None
    value = values.get(text)
    if isinstance(value, int):
        return value or None
    ends = box.get((text, (), "value"))
    return int(ends[0]) if ends[0] == ends[1] and ends[0] > 0 else None


def _is_tree(edges: Any) -> bool:
    nodes = {node for edge in edges for node in edge[:2]}
    if len(nodes) != len(edges) + 1:
        return False
    group = {node: node for node in nodes}

    def root(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    for edge in edges:
        a, b = root(edge[0]), root(edge[1])
        if a == b:
            return False
        group[a] = b
    return True


def _are_parents(parents: Any) -> bool:
    state = [0] * len(parents)
    for start in range(len(parents)):
        node, path = start, []
        while 0 <= node < len(parents) and state[node] == 0:
            state[node] = 1
            path.append(node)
            node = parents[node]
        if 0 <= node < len(parents) and state[node] == 1:
            return False
        for seen in path:
            state[seen] = 2
    return list(parents).count(-1) == 1
