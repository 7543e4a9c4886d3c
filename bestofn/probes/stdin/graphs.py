"""Edges of graphs and trees: where an input holds them, whether they obey, how to draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..expressions import Ref
from .facts import Facts
from .grammar import Block, Cell, Env, Group, Node, plain


@dataclass(frozen=True, kw_only=True)
class Edges:
    """The columns of a block that hold the ends of edges.

    Attributes:
        left, right: Base names of the columns.
        vertices: The name of the number of vertices.
    """

    left: str
    right: str
    vertices: Ref


def edge_columns(nodes: tuple[Node, ...], facts: Facts) -> Edges | None:
    """The first two columns of the first block whose values both go up to the same name."""
    for node in nodes:
        if isinstance(node, Group):
            for body in node.bodies:
                found = edge_columns(body, facts)
                if found is not None:
                    return found
        if not isinstance(node, Block) or len(node.lines) != 1:
            continue
        items = node.lines[0].items[:2]
        if len(items) < 2 or not all(isinstance(item, Cell) for item in items):
            continue
        left, right = (item.base for item in items if isinstance(item, Cell))
        tops = {}
        for bound, _ in facts.bounds:
            refs = list(bound.high.refs()) if bound.high is not None else []
            if bound.ref.base in (left, right) and len(refs) == 1:
                # A strict end reads "N - 1" but still means the vertices.
                tops[bound.ref.base] = refs[0]
        if len(tops) == 2 and tops[left] == tops[right]:
            return Edges(left=left, right=right, vertices=tops[left])
    return None


def graph_holds(facts: Facts, env: Env, edges: Edges | None) -> bool:
    """Whether the edges form the graph that the statement promises."""
    if edges is None or edges.left not in env.lists:
        return True
    if not (facts.tree or facts.connected or facts.simple):
        return True
    count = env.lookup()(edges.vertices)
    if count is None:
        return False
    pairs = [
        (int(a), int(b))
        for a, b in zip(plain(env.lists[edges.left]), plain(env.lists[edges.right]), strict=True)
    ]
    if facts.simple or facts.tree:
        unordered = {(min(pair), max(pair)) for pair in pairs}
        if len(unordered) != len(pairs) or any(a == b for a, b in pairs):
            return False
    if facts.tree and len(pairs) != count - 1:
        return False
    return not (facts.tree or facts.connected) or _components(count, pairs) == 1


def _components(count: int, pairs: list[tuple[int, int]]) -> int:
    parent = list(range(count + 1))

    def root(vertex: int) -> int:
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    left = count
    for a, b in pairs:
        one, two = root(a), root(b)
        if one != two:
            parent[one] = two
            left -= 1
    return left


SHAPES = ("random", "path", "star", "deep", "binary", "caterpillar")


def draw_tree(rng: np.random.Generator, count: int, shape: str) -> tuple[Any, Any]:
    """The ends of the edges of a tree on vertices 1 to ``count``, the first always smaller.

    Args:
        rng: Where randomness comes from.
        count: How many vertices.
        shape: One of :data:`SHAPES`; unknown names mean ``random``.
    """
    children = np.arange(2, count + 1)
    if shape == "path":
        parents = children - 1
    elif shape == "star":
        parents = np.ones_like(children)
    elif shape == "binary":
        parents = children // 2
    elif shape == "caterpillar":
        parents = np.where(children % 2 == 0, np.maximum(children - 2, 1), children - 1)
    elif shape == "deep":
        parents = np.maximum(children - rng.integers(1, 4, size=len(children)), 1)
    else:
        parents = rng.integers(1, children) if len(children) else children
    return parents, children


def draw_edges(
    rng: np.random.Generator, vertices: int, count: int, facts: Facts, shape: str
) -> tuple[Any, Any] | None:
    """The ends of edges that obey the facts, or None when there are no such edges."""
    tree = facts.tree or facts.connected
    if tree and (count < vertices - 1 or (facts.tree and count != vertices - 1)):
        return None
    if facts.simple and count > vertices * (vertices - 1) // 2:
        return None
    empty = np.zeros(0, dtype=np.int64)
    left, right = draw_tree(rng, vertices, shape) if tree else (empty, empty)
    chosen = dict.fromkeys(zip(left.tolist(), right.tolist(), strict=True))
    if facts.simple and vertices <= 60 and len(chosen) < count:
        rest = [
            (a, b)
            for a in range(1, vertices + 1)
            for b in range(a + 1, vertices + 1)
            if (a, b) not in chosen
        ]
        for place in rng.permutation(len(rest))[: count - len(chosen)]:
            chosen[rest[place]] = None
    rounds = 0
    pairs = list(chosen)
    while len(pairs) < count and rounds < 20:
        rounds += 1
        more = rng.integers(1, vertices, endpoint=True, size=(count - len(pairs) + 8, 2))
        more.sort(axis=1)
        fresh = [(a, b) for a, b in more.tolist() if a != b or vertices == 1]
        if facts.simple:
            fresh = [pair for pair in dict.fromkeys(fresh) if pair not in chosen]
            chosen.update(dict.fromkeys(fresh))
        pairs += fresh
    if len(pairs) < count:
        return None
    array = np.array(pairs[:count], dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]
