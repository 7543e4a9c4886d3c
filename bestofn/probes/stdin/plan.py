"""Reads a problem's statement into a grammar and rules that its public samples bear out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ...types import Problem
from .conditions import read_facts
from .evaluate import CannotEvaluate, Evaluator, as_array
from .facts import Facts
from .format import read_format
from .grammar import (
    Block,
    Env,
    Group,
    Literal,
    Node,
    Value,
)
from .graphs import edge_columns
from .plain import PlainInput, plain_format
from .printed import sample_inputs
from .prose import prose_format
from .ranges import Seen
from .rules import Rules, both_texts, tokens_of
from .statement import sections, sentences
from .text import LayoutMismatch, parse

_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)$")
_MAX_SAMPLE = 200_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How inputs of a problem look.

    Attributes:
        rules: The layout and what must hold.
        seen: What the samples hold.
        samples: The public samples, parsed.
        frozen: Names that must keep the values of a sample.
    """

    rules: Rules
    seen: Seen
    samples: tuple[Env, ...]
    frozen: frozenset[str]


def make_plan(problem: Problem) -> Plan | None:
    """The plan for a problem, or None when its statement cannot be read with confidence."""
    texts = sample_inputs(problem)
    if not texts or sum(map(len, texts)) > _MAX_SAMPLE:
        return None
    parts = sections(problem.statement)
    grammar, conditions, plain = _read_input(parts, problem.statement)
    if grammar is None:
        return None
    names = base_names(grammar)
    facts = read_facts(conditions, names)
    if plain is not None:
        _add_plain(facts, plain, names)
    if facts.doubtful:
        return None
    try:
        samples = [parse(text, grammar) for text in texts]
    except LayoutMismatch:
        return None
    rules = Rules(facts=facts, grammar=grammar, numeric=_numeric(samples, names, facts))
    for sample in samples:
        _to_numbers(sample, rules.numeric)
    if not all(rules.hold(sample) for sample in samples):
        return None
    frozen = facts.frozen | _beyond_reach(rules, samples)
    frozen |= _about(rules)
    for node in grammar:
        members = base_names((node,)) if isinstance(node, Group) else frozenset()
        # A condition on one query may be about the state that others have left.
        frozen |= members if members & frozen else frozenset()
    if not frozen and facts.about:
        return None
    if (facts.tree or facts.connected or facts.simple) and _edges_missing(rules):
        return None
    return Plan(
        rules=rules,
        seen=_seen(samples, names, rules.numeric),
        samples=tuple(samples),
        frozen=frozenset(frozen),
    )


def _add_plain(facts: Facts, plain: PlainInput, names: frozenset[str]) -> None:
    """Adds what plain prose says apart from conditions, and freezes what it leaves open."""
    facts.alphabets.update(plain.alphabets)
    facts.once.update(plain.once)
    facts.frozen |= plain.texts - set(facts.alphabets) - set(facts.words)
    facts.frozen |= plain.unnamed
    if plain.doubtful:
        facts.frozen |= names


def _read_input(
    parts: dict[str, str], statement: str
) -> tuple[tuple[Node, ...] | None, list[str], PlainInput | None]:
    """The grammar and the conditions, from format lines or from prose."""
    section = parts.get("input", "")
    grammar = read_format(section)
    if grammar is not None:
        return grammar, _conditions(parts), None
    prose = prose_format(section)
    if prose is None:
        plain = plain_format(parts, statement)
        if plain is None:
            return None, [], None
        return read_format(plain.layout), plain.conditions, plain
    layout, conditions = prose
    if "constraints" in parts:
        conditions += sentences(parts["constraints"])
    return read_format(layout), conditions, None


def _conditions(parts: dict[str, str]) -> list[str]:
    """Sentences that say what inputs look like."""
    lines = sentences(parts.get("constraints", ""))
    # With a section of constraints, a guarantee elsewhere repeats one of them or always holds.
    for name in ("input",) if lines else ("statement", "input", "output"):
        lines += [
            line
            for line in sentences(parts.get(name, ""))
            if re.search(r"\bguaranteed\b", line, re.IGNORECASE)
        ]
    return lines


def base_names(nodes: tuple[Node, ...]) -> frozenset[str]:
    """The base names of a grammar, members of groups included."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, Group):
            for body in node.bodies:
                names |= base_names(body)
            continue
        for line in node.lines if isinstance(node, Block) else (node,):
            names |= {item.base for item in line.items if not isinstance(item, Literal)}
    return frozenset(names)


def _numeric(samples: list[Env], names: frozenset[str], facts: Facts) -> frozenset[str]:
    texts = {bound.ref.base for bound, _ in facts.bounds if bound.ref.measure == "length"}
    texts |= set(facts.alphabets)
    texts |= {base for base, words in facts.words.items() if not all(map(_INTEGER.match, words))}
    return frozenset(
        base
        for base in names - texts
        if all(_INTEGER.match(str(token)) for token in _all_tokens(samples, base))
    ) - _of_fixed_length(samples, facts)


def _of_fixed_length(samples: list[Env], facts: Facts) -> set[str]:
    """Names measured between bars that also have no bound on their value: texts of digits."""
    barred = {bound.ref.base for bound, _ in facts.bounds if bound.ref.measure == "bars"}
    signed = {
        base for base in barred if any(str(t).startswith("-") for t in _all_tokens(samples, base))
    }
    starts_at_one = {
        bound.ref.base
        for bound, _ in facts.bounds
        if bound.ref.measure == "bars" and bound.low is not None
    }
    return (barred & starts_at_one) - signed


def _all_tokens(samples: list[Env], base: str) -> list[Value]:
    return [
        token for sample in samples for env in sample.everything() for token in tokens_of(env, base)
    ]


def _to_numbers(sample: Env, numeric: frozenset[str]) -> None:
    for env in sample.everything():
        for name, value in env.scalars.items():
            if name in numeric or name.rpartition("_")[0] in numeric:
                env.scalars[name] = int(value)
        for base in numeric:
            if base in env.lists:
                env.lists[base] = as_array([int(value) for value in env.lists[base]])
            if base in env.rows:
                env.rows[base] = [as_array([int(v) for v in row]) for row in env.rows[base]]


def _seen(samples: list[Env], names: frozenset[str], numeric: frozenset[str]) -> Seen:
    numbers, lengths, characters = {}, {}, {}
    for base in names:
        tokens = _all_tokens(samples, base)
        if not tokens:
            continue
        if base in numeric:
            values = [int(token) for token in tokens]
            numbers[base] = (min(values), max(values))
        else:
            sizes = [len(str(token)) for token in tokens]
            lengths[base] = (min(sizes), max(sizes))
            characters[base] = "".join(sorted(set("".join(map(str, tokens)))))
    return Seen(numbers=numbers, lengths=lengths, characters=characters)


def _beyond_reach(rules: Rules, samples: list[Env]) -> set[str]:
    """Names in relations that no check can evaluate."""
    frozen: set[str] = set()
    names = base_names(rules.grammar)
    for relation, _ in rules.facts.relations():
        refs = [ref for expr in (relation.left, relation.right) for ref in expr.refs()]
        known = {ref.base for ref in refs} & names
        if not known:
            continue
        reached = False
        for env in (env for sample in samples for env in sample.everything()):
            if both_texts(relation, env) is not None:
                reached = True
                continue
            evaluator = Evaluator(env)
            try:
                if evaluator.survey(relation.left, relation.right):
                    np.asarray(evaluator.value(relation.left))
                    np.asarray(evaluator.value(relation.right))
                    reached = True
            except CannotEvaluate:
                frozen |= known
                reached = True
        if not reached:
            frozen |= known
    return frozen


def _about(rules: Rules) -> set[str]:
    """Names that hold what a sentence speaks of that was not understood."""
    frozen: set[str] = set()
    if "graph" in rules.facts.about:
        edges = edge_columns(rules.grammar, rules.facts)
        for node in rules.grammar:
            if edges is not None and isinstance(node, Block):
                columns = base_names((node,))
                frozen |= columns if edges.left in columns else set()
        frozen |= {edges.vertices.base} if edges is not None else set()
    if "grid" in rules.facts.about:
        frozen |= base_names(rules.grammar) - rules.numeric
    return frozen


def _edges_missing(rules: Rules) -> bool:
    return edge_columns(rules.grammar, rules.facts) is None
